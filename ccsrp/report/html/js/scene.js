// The front in three dimensions.

function startScene(model) {
  const chart = byId("space");
  if (!hasWebGL()) {
    chart.classList.add("missing");
    chart.append(make("p", {}, "This browser has no WebGL, which the picture in three dimensions needs."));
    return;
  }
  const points = (source, of) => ({ x: of("cost", source), y: of("accuracy", source), z: of("robust_accuracy", source) });
  const ringOf = (id) => {
    const rows = id === null ? [] : [model.rows[id]];
    return points(rows, (column, source) => source.map((row) => model.values[column][row.id]));
  };

  function traces() {
    const paint = painter(model);
    const passing = model.passing();
    const cloud = { x: [], y: [], z: [] };
    model.data.runs.forEach((run, index) => {
      for (const i of model.evaluatedPassing(index)) {
        cloud.x.push(run.evaluated.cost[i]);
        cloud.y.push(run.evaluated.accuracy[i]);
        cloud.z.push(run.evaluated.robust_accuracy[i]);
      }
    });
    const ring = (id, size, colour) => ({
      type: "scatter3d",
      mode: "markers",
      hoverinfo: "skip",
      ...ringOf(id),
      marker: { symbol: "circle-open", size, color: colour, line: { width: 3, color: colour } },
    });
    return [
      {
        type: "scatter3d",
        mode: "markers",
        hoverinfo: "skip",
        ...cloud,
        marker: { size: 1.8, color: themed("faint"), opacity: 0.5 },
      },
      {
        type: "scatter3d",
        mode: "markers",
        ...points(passing, (column, source) => source.map((row) => model.values[column][row.id])),
        customdata: passing.map((row) => row.id),
        text: passing.map((row) => hoverText(model, row)),
        hoverinfo: "text",
        marker: {
          size: 5,
          color: passing.map(paint),
          symbol: passing.map((row) => runSymbol(row.run)),
          line: { width: 1, color: themed("text") },
        },
      },
      ring(model.selected, 15, themed("accent")),
      ring(null, 12, themed("accent")),
    ];
  }

  function layout() {
    const axis = (column) => ({
      title: { text: model.label(column) },
      gridcolor: themed("grid"),
      zerolinecolor: themed("grid"),
      backgroundcolor: themed("card"),
      showbackground: true,
      showspikes: false,
      nticks: 6,
    });
    const away = 1.85 * Math.max(1, 560 / chart.clientWidth) ** 0.6; // labels do not shrink with the picture
    return chartLook({
      margin: { l: 0, r: 0, t: 0, b: 0 },
      dragmode: "turntable",
      uirevision: "kept",
      scene: {
        xaxis: axis("cost"),
        yaxis: axis("accuracy"),
        zaxis: axis("robust_accuracy"),
        camera: { eye: { x: -away, y: -away, z: away / 2 }, center: { x: 0.05, y: 0.05, z: -0.08 } },
        aspectmode: "cube",
      },
    });
  }

  let underPointer = false;
  const draw = () => Plotly.react(chart, traces(), layout(), CONFIG);
  const ring = atNextFrame(() => {
    // Where the pointer is in this picture, it says itself what lies under it.
    const hovered = ringOf(underPointer ? null : model.hovered);
    const selected = ringOf(model.selected);
    const both = (axis) => [selected[axis], hovered[axis]];
    Plotly.restyle(chart, { x: both("x"), y: both("y"), z: both("z") }, [2, 3]);
  });
  chart.addEventListener("pointerenter", () => (underPointer = true));
  chart.addEventListener("pointerleave", () => (underPointer = false));
  Plotly.newPlot(chart, traces(), layout(), CONFIG).then(() => {
    linkPoints(chart, model, (point) => point.data.customdata?.[point.pointNumber]);
    model.on("filter", atNextFrame(draw));
    model.on("look", atNextFrame(draw));
    model.on("highlight", ring);
  });
}
