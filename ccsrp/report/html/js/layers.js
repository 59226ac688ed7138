// Which filters members keep: a share a layer, and how often each filter is kept.

const MOST_CELLS = 200000; // filters of a picture; beyond that it says nothing any more
const MOST_TEXTS = 50000; // sentences that are ready for the pointer; beyond that it is told the share alone
const MOST_TICKS = 24; // names beside a picture

function startLayers(model) {
  const runs = model.data.runs.map((run, index) => ({ run, index })).filter(({ run }) => run.layers);
  const [share, single] = [byId("layers"), byId("filters")];
  let chosen = runs[0];
  if (runs.length > 1) {
    const choose = make("select", { change: (event) => ((chosen = runs[event.target.value]), drawAll()) });
    runs.forEach(({ run }, place) => choose.append(make("option", { value: place }, short(run.name, 60))));
    byId("layers-run").append(make("label", {}, "Run ", choose));
  }
  const layerNames = () => chosen.run.layers.names;
  const passing = () => model.passing().filter((row) => row.run === chosen.index);
  const layerTicks = () => {
    const tickvals = everyFew(layerNames().length, MOST_TICKS);
    return { tickvals, ticktext: tickvals.map((layer) => plain(short(layerNames()[layer]))) };
  };
  let listed = [];

  function drawShare() {
    listed = passing();
    const { sizes } = chosen.run.layers;
    const z = listed.map((row) => chosen.run.layers.share[row.index]);
    const told = listed.length * sizes.length <= MOST_TEXTS;
    const text = !told ? undefined : listed.map((row) =>
      layerNames().map(
        (name, layer) =>
          `member ${plain(model.text(row, "member"))}<br>${plain(short(name, 60))}: ` +
          `${Math.round(chosen.run.layers.share[row.index][layer] * sizes[layer])} of ${sizes[layer]} filters`,
      ),
    );
    const trace = {
      type: "heatmap",
      z,
      text,
      hoverinfo: told ? "text" : "z",
      zmin: 0,
      zmax: 1,
      colorscale: plotlyScale(),
      colorbar: { title: { text: "share kept", side: "right" }, thickness: 12, outlinewidth: 0 },
      xgap: 1,
      ygap: listed.length > 120 ? 0 : 1,
    };
    const ticks = everyFew(listed.length, MOST_TICKS);
    const { tickvals, ticktext } = layerTicks();
    const slanted = Math.max(...ticktext.map((name) => name.length)) * ticktext.length > 60;
    share.style.height = `${Math.min(640, Math.max(260, 90 + 9 * listed.length)) + (slanted ? 110 : 0)}px`;
    const look = chartLook({
      dragmode: false,
      xaxis: axisLook("layer", { tickvals, ticktext, showgrid: false }),
      yaxis: axisLook("member, dearest on top", {
        autorange: "reversed",
        tickvals: ticks,
        ticktext: ticks.map((place) => plain(model.text(listed[place], "member"))),
        showgrid: false,
        fixedrange: true,
      }),
    });
    return drawChart(share, [trace], look);
  }

  function drawSingle() {
    const { sizes } = chosen.run.layers;
    const longest = extent(sizes)[1];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    single.parentElement.hidden = total > MOST_CELLS;
    if (total > MOST_CELLS) return;
    const members = passing();
    const place = chosen.run.columns.indexOf("mask");
    const masks = members.map((row) => row.cells[place]);
    let from = 0;
    const z = sizes.map((size) => {
      const counts = Array.from({ length: longest }, (_, filter) => {
        if (filter >= size || !masks.length) return null;
        let kept = 0;
        for (const mask of masks) if (mask[from + filter] === "1") kept += 1;
        return kept / masks.length;
      });
      from += size;
      return counts;
    });
    const text = z.map((counts, layer) =>
      counts.map((often, filter) =>
        often === null ? "" : `${plain(short(layerNames()[layer], 60))}, filter ${filter}<br>kept by ${Math.round(often * masks.length)} of ${masks.length} networks`,
      ),
    );
    const trace = {
      type: "heatmap",
      z,
      text,
      hoverinfo: "text",
      hoverongaps: false,
      zmin: 0,
      zmax: 1,
      colorscale: plotlyScale(),
      colorbar: { title: { text: "kept by", side: "right" }, tickformat: ".0%", thickness: 12, outlinewidth: 0 },
      xgap: longest > 150 ? 0 : 1,
      ygap: 2,
    };
    single.style.height = `${Math.min(700, 110 + 30 * sizes.length)}px`;
    const look = chartLook({
      xaxis: axisLook("filter of the layer", { showgrid: false, zeroline: false, ...(longest < 12 ? { dtick: 1 } : {}) }),
      yaxis: axisLook("", { autorange: "reversed", ...layerTicks(), showgrid: false, zeroline: false }),
    });
    drawChart(single, [trace], look);
  }

  const drawAll = () => (drawSingle(), drawShare());
  drawAll().then(() => {
    linkPoints(share, model, (point) => listed[point.y]?.id);
    ringsOver(share, model, (row) => {
      const place = listed.indexOf(row);
      return place < 0 ? [] : [{ xaxis: "xaxis", yaxis: "yaxis", x: 0, y: place, band: true }];
    });
  });
  model.on("filter", atNextFrame(drawAll));
  model.on("look", drawAll);
}
