// The front seen from three sides, over the networks that were evaluated.

const SIDES = [["cost", "accuracy"], ["cost", "robust_accuracy"], ["robust_accuracy", "accuracy"]];
// Without WebGL a browser would choke on more.
const MOST_WITHOUT_WEBGL = 2000;

function startProjections(model) {
  const chart = byId("projections");
  const withWebGL = () => hasWebGL() && !printing(); // it draws at the next frame, for which no printer waits
  const suffix = (side) => (side === 0 ? "" : String(side + 1));
  const cloudOf = () => {
    const cloud = { cost: [], accuracy: [], robust_accuracy: [] };
    const counts = model.data.runs.map((_, index) => model.evaluatedPassing(index));
    const total = counts.reduce((sum, passing) => sum + passing.length, 0);
    const every = withWebGL() ? 1 : Math.ceil(total / MOST_WITHOUT_WEBGL) || 1;
    counts.forEach((passing, index) => {
      passing.forEach((i, place) => {
        if (place % every) return;
        for (const column of OBJECTIVES) cloud[column].push(model.data.runs[index].evaluated[column][i]);
      });
    });
    return cloud;
  };

  function traces() {
    const type = withWebGL() ? "scattergl" : "scatter";
    const paint = painter(model);
    const passing = model.passing();
    const cloud = cloudOf();
    const colours = passing.map(paint);
    const symbols = passing.map((row) => runSymbol(row.run));
    const texts = passing.map((row) => hoverText(model, row));
    const ids = passing.map((row) => row.id);
    return SIDES.flatMap(([x, y], side) => {
      const axes = { xaxis: `x${suffix(side)}`, yaxis: `y${suffix(side)}` };
      return [
        {
          type,
          mode: "markers",
          name: "evaluated",
          hoverinfo: "skip",
          x: cloud[x],
          y: cloud[y],
          marker: { size: 3.5, color: themed("faint"), opacity: 0.45 },
          ...axes,
        },
        {
          type, // as the others: what WebGL draws would lie over what it does not
          mode: "markers",
          name: "front",
          x: passing.map((row) => model.values[x][row.id]),
          y: passing.map((row) => model.values[y][row.id]),
          customdata: ids,
          text: texts,
          hoverinfo: "text",
          marker: { size: model.several ? 7 : 8, opacity: model.several ? 0.85 : 1, color: colours, symbol: symbols, line: { width: 0.8, color: themed("text") } },
          ...axes,
        },
      ];
    });
  }

  function layout() {
    const look = chartLook({ uirevision: "kept", margin: { l: 58, r: 8, t: 8, b: 46 } });
    const gap = 0.1;
    const size = (1 - 2 * gap) / 3;
    SIDES.forEach(([x, y], side) => {
      const from = (2 - side) * (size + gap);
      look[`xaxis${suffix(side)}`] = axisLook(model.label(x), { anchor: `y${suffix(side)}` });
      look[`yaxis${suffix(side)}`] = axisLook(model.label(y), { anchor: `x${suffix(side)}`, domain: [from, from + size] });
    });
    return look;
  }

  const places = (row) =>
    SIDES.map(([x, y], side) => ({
      xaxis: `xaxis${suffix(side)}`,
      yaxis: `yaxis${suffix(side)}`,
      x: model.values[x][row.id],
      y: model.values[y][row.id],
    }));
  const draw = () => drawChart(chart, traces(), layout());
  draw().then(() => {
    linkPoints(chart, model, (point) => point.data.customdata?.[point.pointNumber]);
    ringsOver(chart, model, places);
  });
  model.on("filter", atNextFrame(draw));
  model.on("look", draw);
}
