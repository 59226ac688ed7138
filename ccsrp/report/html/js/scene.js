// The front in three dimensions.

// Pixels that labels take beside the cube: they do not shrink with it. Most of them are on its left.
const LABELS = 150;
const TO_THE_RIGHT = 22;

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

  /** A camera that has the cube and its labels in the picture, whatever the picture's size. */
  function fitting() {
    const [width, height] = [chart.clientWidth || 600, chart.clientHeight || 600];
    const away = Math.max(1.65, (1.05 * height) / Math.max(60, width - LABELS));
    const aside = (TO_THE_RIGHT * away) / height;
    return {
      eye: { x: -away - aside, y: -away + aside, z: away / 2 },
      center: { x: -aside, y: aside, z: -0.1 },
    };
  }
  let camera = fitting();
  let turned = false;

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
    return chartLook({
      margin: { l: 0, r: 0, t: 0, b: 0 },
      dragmode: "turntable",
      uirevision: "kept",
      scene: {
        xaxis: axis("cost"),
        yaxis: axis("accuracy"),
        zaxis: axis("robust_accuracy"),
        camera,
        aspectmode: "cube",
      },
    });
  }

  /** The network that is drawn nearest to a place on the screen, within reach in pixels. */
  function nearest(event, reach) {
    const scene = chart._fullLayout?.scene?._scene;
    const camera = scene?.glplot?.cameraParams;
    const canvas = chart.querySelector(".gl-container canvas");
    if (!camera || !canvas) return null;
    const box = canvas.getBoundingClientRect();
    let [best, distance] = [null, reach];
    for (const row of model.passing()) {
      let at = OBJECTIVES.map((column, i) => model.values[column][row.id] * scene.dataScale[i]).concat(1);
      for (const m of [camera.model, camera.view, camera.projection]) {
        at = [0, 1, 2, 3].map((i) => m[i] * at[0] + m[4 + i] * at[1] + m[8 + i] * at[2] + m[12 + i] * at[3]);
      }
      if (at[3] <= 0) continue; // behind who looks
      const x = box.left + (0.5 + (0.5 * at[0]) / at[3]) * box.width;
      const y = box.top + (0.5 - (0.5 * at[1]) / at[3]) * box.height;
      const off = Math.hypot(event.clientX - x, event.clientY - y);
      if (off < distance) [best, distance] = [row.id, off];
    }
    return best;
  }

  let underPointer = false;
  const photograph = make("img", { class: "photograph", alt: "" });
  function draw() {
    if (!turned) camera = fitting();
    const drawn = drawChart(chart, traces(), layout());
    // What WebGL draws comes at the next frame; a printer does not wait for it.
    const picture = printing() ? chart._fullLayout.scene?._scene?.toImage?.("png") : null;
    chart.classList.toggle("photographed", Boolean(picture));
    photograph.remove();
    if (picture) {
      photograph.src = picture;
      chart.append(photograph);
    }
    return drawn;
  }
  const ring = atNextFrame(() => {
    // Where the pointer is in this picture, it says itself what lies under it.
    const hovered = ringOf(underPointer ? null : model.hovered);
    const selected = ringOf(model.selected);
    const both = (axis) => [selected[axis], hovered[axis]];
    Plotly.restyle(chart, { x: both("x"), y: both("y"), z: both("z") }, [2, 3]);
  });
  chart.addEventListener("pointerenter", () => (underPointer = true));
  chart.addEventListener("pointerleave", () => (underPointer = false));
  draw().then(() => {
    linkHover(chart, model, (point) => point.data.customdata?.[point.pointNumber]);
    chart.on("plotly_relayout", (changed) => {
      if (Object.keys(changed).some((name) => name.startsWith("scene.camera"))) turned = true;
      else if (!turned) draw(); // the picture has another size
    });
    // Plotly looks for the point at its next frame: it misses quick clicks here, and all taps.
    let pressed = [0, 0];
    chart.addEventListener("pointerdown", (event) => (pressed = [event.clientX, event.clientY]), true);
    chart.addEventListener("pointerup", (event) => {
      if (event.target.closest(".modebar")) return;
      if (Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 6) return; // it was turned
      const id = nearest(event, event.pointerType === "touch" ? 22 : 10);
      if (id !== null) model.select(id);
    }, true);
  });
  model.on("filter", atNextFrame(draw));
  model.on("look", draw);
  model.on("highlight", ring);
}
