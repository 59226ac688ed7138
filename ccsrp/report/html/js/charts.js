// What all charts have in common.

const touched = () => !matchMedia("(hover: hover) and (pointer: fine)").matches;
const CONFIG = {
  responsive: true,
  plotGlPixelRatio: Math.max(1, devicePixelRatio || 1), // twice as fine would be four times the work
  displayModeBar: touched() ? false : "hover",
  displaylogo: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "hoverClosest3d", "tableRotation"],
};

const hasWebGL = (() => {
  let known = null;
  return () => {
    if (known === null) {
      try {
        const context = document.createElement("canvas").getContext("webgl");
        known = context !== null;
        context?.getExtension("WEBGL_lose_context")?.loseContext();
      } catch {
        known = false;
      }
    }
    return known;
  };
})();

/** The look of an axis in the theme. */
const axisLook = (title, more = {}) => ({
  title: { text: plain(title), standoff: 8 },
  gridcolor: themed("grid"),
  linecolor: themed("grid"),
  zerolinecolor: themed("grid"),
  automargin: true,
  ...more,
});

/** The look of a chart in the theme. */
const chartLook = (more = {}) => ({
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  font: { family: "system-ui, sans-serif", size: 12, color: themed("text") },
  margin: { l: 56, r: 16, t: 24, b: 48 },
  hoverlabel: { bgcolor: themed("card"), bordercolor: themed("accent"), font: { color: themed("text") } },
  showlegend: false,
  dragmode: touched() ? false : "zoom", // on a phone a drag scrolls the page
  hovermode: "closest",
  ...more,
});

/** Places 0 to count - 1, or every few of them where so many names have no room. */
const everyFew = (count, most) => {
  const every = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
};

/** A legend in a row above a chart, and the room that it needs. */
const legendAbove = () => ({
  showlegend: true,
  legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom" },
  margin: { l: 56, r: 16, t: 60, b: 48 },
});

/** Draw a chart, or what has changed of it; for paper in the size that it has there. */
function drawChart(chart, traces, look) {
  const size = printing() ? { width: chart.clientWidth, height: chart.clientHeight } : {};
  return Plotly.react(chart, traces, { ...look, ...size }, CONFIG);
}

/** The text at a point: what it is, and its figures. */
function hoverText(model, row) {
  const figures = OBJECTIVES.map((column) => `${model.label(column)} ${brief(model.values[column][row.id])}`);
  return [plain(short(model.nameOf(row), 60)), ...figures.map(plain)].join("<br>");
}

/** Report points under the pointer to the model. */
function linkHover(chart, model, rowOf) {
  const found = (event) => {
    for (const point of event.points ?? []) {
      const id = rowOf(point);
      if (Number.isInteger(id)) return id;
    }
    return null;
  };
  chart.on("plotly_hover", (event) => {
    const id = found(event);
    if (id !== null) model.hover(id);
  });
  chart.on("plotly_unhover", () => model.hover(null));
  return found;
}

/** Report points under the pointer, and clicks and taps on them, to the model. */
function linkPoints(chart, model, rowOf) {
  const found = linkHover(chart, model, rowOf);
  chart.on("plotly_click", (event) => {
    const id = found(event);
    if (id !== null) model.select(id);
  });
}

/**
 * Rings over a chart at the network under the pointer and at the one clicked on. They are elements of the
 * page: a chart of ten thousand points need not be drawn again for them.
 */
function ringsOver(chart, model, placesOf) {
  const layer = make("div", { class: "rings", "aria-hidden": "true" });
  chart.append(layer);
  const draw = () => {
    layer.replaceChildren();
    const layout = chart._fullLayout;
    if (!layout) return;
    const marks = [[model.selected, "selected"], [model.hovered, "hovered"]];
    for (const [id, kind] of marks) {
      if (id === null || !model.shown[id]) continue;
      for (const place of placesOf(model.rows[id])) {
        const [x, y] = [layout[place.xaxis], layout[place.yaxis]];
        if (!x || !y) continue;
        const [left, top] = [x.d2p(place.x), y.d2p(place.y)];
        if (place.band) {
          const half = Math.abs(y.d2p(place.y + 0.5) - top);
          if (top < 0 || top > y._length) continue;
          const style = `left:${x._offset}px;width:${x._length}px;top:${y._offset + top - half}px;height:${2 * half}px`;
          layer.append(make("div", { class: `band ${kind}`, style }));
        } else if (left >= 0 && left <= x._length && top >= 0 && top <= y._length) {
          const style = `left:${x._offset + left}px;top:${y._offset + top}px`;
          layer.append(make("div", { class: `ring ${kind}`, style }));
        }
      }
    }
  };
  model.on("highlight", draw);
  for (const event of ["plotly_afterplot", "plotly_relayouting"]) chart.on(event, draw);
  draw();
}
