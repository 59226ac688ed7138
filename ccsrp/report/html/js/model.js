// What is shown, filtered, highlighted and how it is coloured: all views listen here, and tell it of clicks.

const OBJECTIVES = ["cost", "accuracy", "robust_accuracy"];

function createModel(data) {
  const listeners = { filter: [], highlight: [], look: [], runs: [] };
  const emit = (event) => listeners[event].forEach((call) => call());

  const rows = [];
  data.runs.forEach((run, runIndex) => {
    run.cells.forEach((cells, index) => rows.push({ id: rows.length, run: runIndex, index, cells }));
  });
  const text = (row, column) => {
    if (column === "run") return data.runs[row.run].name;
    const place = data.runs[row.run].columns.indexOf(column);
    return place < 0 ? "" : row.cells[place];
  };
  const number = (cell) => (cell === "" ? NaN : Number(cell));
  const values = {};
  for (const column of data.columns) {
    values[column] = Float64Array.from(rows, (row) => number(text(row, column)));
  }
  values.run = Float64Array.from(rows, (row) => row.run);
  const byName = new Map(rows.map((row) => [`${row.run} ${Number(text(row, "member"))}`, row]));

  const model = {
    data,
    rows,
    values,
    text,
    several: data.runs.length > 1,
    columns: data.columns.filter((column) => column !== "mask"),
    brushes: new Map(),
    hiddenRuns: new Set(),
    query: parseQuery("", [], {}),
    shown: rows.map(() => true),
    order: { column: null, descending: false },
    hovered: null,
    selected: null,
    colour: data.runs.length > 1 ? "run" : "robust_accuracy",

    on(event, call) {
      listeners[event].push(call);
    },

    label: (column) => data.labels[column] ?? column,

    /** The network that is looked at: under the pointer, or clicked on. */
    focus: () => rows[model.hovered ?? model.selected] ?? null,

    /** The row of a member of a run, if its front has it. */
    rowOf: (run, member) => byName.get(`${run} ${member}`) ?? null,

    /** What a network is called. */
    nameOf(row) {
      const member = `member ${text(row, "member")}`;
      return model.several ? `${text(row, "run")}, ${member}` : member;
    },

    /** The runs that have something to show, and are not taken out. */
    runsWith: (what) =>
      data.runs.map((run, index) => ({ run, index })).filter(({ run, index }) => run[what] && !model.hiddenRuns.has(index)),

    /** Rows that pass all filters, in the order of the front. */
    passing: () => rows.filter((row) => model.shown[row.id]),

    /** Rows that pass all filters, in the order of the table. */
    sorted() {
      const passing = model.passing();
      const { column, descending } = model.order;
      if (column === null) return passing;
      const sign = descending ? -1 : 1;
      const key = values[column];
      return passing.sort((a, b) => {
        const [x, y] = [key[a.id], key[b.id]];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a.id - b.id;
        return sign * (x - y) || a.id - b.id;
      });
    },

    /** Which of the evaluated networks of a run pass the filters that they have figures for. */
    evaluatedPassing(runIndex) {
      const cloud = data.runs[runIndex].evaluated;
      if (!cloud || model.hiddenRuns.has(runIndex)) return [];
      // An axis ends where the front does; a range up to its end has no end for other networks.
      const tests = [...model.brushes].map(([column, [low, high]]) => {
        const axis = data.axes.find(({ name }) => name === column);
        const [from, to] = [low <= axis.low ? -Infinity : low, high >= axis.high ? Infinity : high];
        return { column, holds: (value) => value >= from && value <= to };
      });
      const known = [...tests, ...model.query.conditions].filter(({ column }) => OBJECTIVES.includes(column));
      const passing = [];
      for (let i = 0; i < cloud.cost.length; i++) {
        if (known.every(({ column, holds }) => holds(cloud[column][i]))) passing.push(i);
      }
      return passing;
    },

    brush(column, range) {
      if (range === null) model.brushes.delete(column);
      else model.brushes.set(column, range);
      filterAgain();
    },

    ask(query) {
      model.query = parseQuery(query, model.columns, data.labels);
      filterAgain();
    },

    showRun(run, shown) {
      if (shown) model.hiddenRuns.delete(run);
      else model.hiddenRuns.add(run);
      filterAgain();
      emit("runs");
    },

    reset() {
      model.brushes.clear();
      const hidden = model.hiddenRuns.size;
      model.hiddenRuns.clear();
      model.query = parseQuery("", [], {});
      filterAgain();
      if (hidden) emit("runs");
    },

    sort(column) {
      const { order } = model;
      if (order.column !== column) model.order = { column, descending: false };
      else if (!order.descending) model.order = { column, descending: true };
      else model.order = { column: null, descending: false };
      emit("filter");
    },

    hover(id) {
      if (model.hovered === id) return;
      model.hovered = id;
      emit("highlight");
    },

    select(id) {
      model.selected = model.selected === id ? null : id;
      emit("highlight");
    },

    colourBy(column) {
      model.colour = column;
      emit("look");
    },

    themeChanged: () => emit("look"),
  };

  function passes(row) {
    if (model.hiddenRuns.has(row.run)) return false;
    for (const [column, [low, high]] of model.brushes) {
      const value = values[column][row.id];
      if (!(value >= low && value <= high)) return false;
    }
    if (!model.query.conditions.every(({ column, holds }) => holds(values[column][row.id]))) return false;
    if (!model.query.words.length) return true;
    const names = model.several ? ["run", ...model.columns] : model.columns;
    const said = names.map((column) => text(row, column).toLowerCase());
    return model.query.words.every((word) => said.some((cell) => cell.includes(word)));
  }

  function filterAgain() {
    model.shown = rows.map(passes);
    if (model.selected !== null && !model.shown[model.selected]) model.selected = null;
    if (model.hovered !== null && !model.shown[model.hovered]) model.hovered = null;
    emit("filter");
    emit("highlight");
  }

  return model;
}
