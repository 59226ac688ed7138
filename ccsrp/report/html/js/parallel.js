// Parallel coordinates: a line a network, a range brushed on an axis filters all views.

const AXIS_WIDTH = 110; // pixels an axis has at least; where a phone is narrower, the picture scrolls

function startParallel(model) {
  const axes = model.data.axes;
  const frame = byId("parallel");
  const board = make("div", { class: "board" });
  const canvas = make("canvas", { role: "img", "aria-label": "Parallel coordinates: a line a network" });
  board.append(canvas);
  frame.append(board);
  const [top, bottom, height] = [44, 26, 300];
  let width = 0;
  const xOf = (axis) => 50 + (axis * (width - 100)) / Math.max(1, axes.length - 1);
  const shareOf = (axis, value) => (value - axis.low) / (axis.high - axis.low);
  const yOf = (axis, value) => top + (1 - shareOf(axis, value)) * (height - top - bottom);
  const valueAt = (axis, y) => {
    const share = 1 - (y - top) / (height - top - bottom);
    if (share <= 0) return axis.low;
    if (share >= 1) return axis.high; // to the last digit: the best network lies there
    return axis.low + share * (axis.high - axis.low);
  };

  const columns = axes.map((axis, index) => {
    const range = make("div", { class: "range", hidden: true });
    const node = make(
      "div",
      { class: "axis", "data-column": axis.name, title: "drag to filter, click to clear" },
      make("span", { class: "axis-label" }, axis.label),
      make("span", { class: "axis-high" }, brief(axis.high)),
      make("span", { class: "axis-low" }, brief(axis.low)),
      make("div", { class: "axis-line" }),
      range,
    );
    board.append(node);
    brushOn(node, axis);
    return { node, range, index };
  });

  function brushOn(node, axis) {
    let start = null;
    let moved = null; // the range that is dragged along, if the drag began inside it
    const at = (event) => event.clientY - board.getBoundingClientRect().top;
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      start = at(event);
      const range = model.brushes.get(axis.name);
      const value = valueAt(axis, start);
      moved = range && value >= range[0] && value <= range[1] ? range : null;
    });
    node.addEventListener("pointermove", (event) => {
      if (start === null || Math.abs(at(event) - start) < 3) return;
      if (moved) {
        const wanted = valueAt(axis, at(event)) - valueAt(axis, start);
        const by = Math.min(Math.max(wanted, axis.low - moved[0]), axis.high - moved[1]);
        model.brush(axis.name, [moved[0] + by, moved[1] + by]);
      } else {
        const ends = [valueAt(axis, start), valueAt(axis, at(event))].sort((a, b) => a - b);
        model.brush(axis.name, ends);
      }
    });
    const end = (event) => {
      if (start !== null && Math.abs(at(event) - start) < 3) model.brush(axis.name, null);
      start = null;
    };
    node.addEventListener("pointerup", end);
    node.addEventListener("pointercancel", () => (start = null));
  }

  function trace(context, row) {
    let pen = false;
    context.beginPath();
    axes.forEach((axis, index) => {
      const value = model.values[axis.name][row.id];
      if (Number.isNaN(value)) {
        pen = false;
      } else {
        context[pen ? "lineTo" : "moveTo"](xOf(index), yOf(axis, value));
        pen = true;
      }
    });
    context.stroke();
  }

  function draw() {
    width = printing() ? frame.clientWidth : Math.max(frame.clientWidth, axes.length * AXIS_WIDTH);
    board.style.width = `${width}px`;
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    for (const { node, range, index } of columns) {
      node.style.left = `${xOf(index)}px`;
      const brushed = model.brushes.get(axes[index].name);
      range.hidden = !brushed;
      if (brushed) {
        const [low, high] = brushed.map((value) => Math.min(height - bottom, Math.max(top, yOf(axes[index], value))));
        range.style.top = `${high}px`;
        range.style.height = `${Math.max(2, low - high)}px`;
      }
    }
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.lineJoin = "round";
    const paint = painter(model);
    context.strokeStyle = themed("grid");
    context.lineWidth = 1;
    for (const row of model.rows) if (!model.shown[row.id]) trace(context, row);
    const passing = model.passing();
    context.globalAlpha = passing.length > 200 ? 0.4 : 0.85;
    context.lineWidth = 1.4;
    for (const row of passing) {
      context.strokeStyle = paint(row);
      trace(context, row);
    }
    context.globalAlpha = 1;
    for (const [id, thick] of [[model.selected, 4], [model.hovered, 3]]) {
      if (id === null) continue;
      context.strokeStyle = themed("accent");
      context.lineWidth = thick;
      trace(context, model.rows[id]);
    }
  }

  /** The row whose line passes nearest to a point, within reach of a finger. */
  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, distance] = [null, 9];
    for (let index = 0; index + 1 < axes.length; index++) {
      if (x < xOf(index) || x > xOf(index + 1)) continue;
      const share = (x - xOf(index)) / (xOf(index + 1) - xOf(index));
      for (const row of model.passing()) {
        const [from, to] = [axes[index], axes[index + 1]].map((axis) => yOf(axis, model.values[axis.name][row.id]));
        const off = Math.abs(from + share * (to - from) - y);
        if (off < distance) [best, distance] = [row.id, off];
      }
    }
    return best;
  }
  canvas.addEventListener("pointermove", (event) => event.pointerType !== "touch" && model.hover(nearest(event)));
  canvas.addEventListener("pointerleave", () => model.hover(null));
  canvas.addEventListener("click", (event) => {
    const id = nearest(event);
    if (id !== null) model.select(id);
  });

  const again = atNextFrame(draw);
  for (const event of ["filter", "highlight"]) model.on(event, again);
  model.on("look", draw);
  new ResizeObserver(again).observe(frame);
  draw();
}
