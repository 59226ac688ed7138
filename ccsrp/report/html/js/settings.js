// What was searched: the settings of all runs, and what differs between them.

function startSettings(model) {
  const { runs, rows } = model.data.settings;
  const body = make("tbody");
  let group = "";
  for (const row of rows) {
    if (row.group !== group) {
      group = row.group;
      const differs = rows.some((other) => other.group === group && other.differs);
      body.append(make("tr", { class: `group ${differs ? "differs" : "same"}` }, make("th", { colspan: runs.length + 1, scope: "rowgroup" }, group)));
    }
    const cells = row.values.map((value) => make("td", {}, value));
    const name = make("th", { scope: "row" }, row.name, row.differs ? make("span", { class: "mark" }, "differs") : null);
    body.append(make("tr", { class: row.differs ? "differs" : "same" }, name, ...cells));
  }
  const heads = model.several
    ? [make("thead", {}, make("tr", {}, make("th"), ...runs.map((run) => make("th", { scope: "col" }, run))))]
    : [];
  const table = make("table", { class: "settings" }, ...heads, body);
  byId("settings").append(make("div", { class: "scroller" }, table));
  if (!model.several) return;
  byId("settings-details").open = true;
  const only = make("input", {
    type: "checkbox",
    change: (event) => table.classList.toggle("only-differences", event.target.checked),
  });
  byId("settings").prepend(make("label", {}, only, " only what differs"));
  if (rows.some((row) => row.differs)) only.click();
}

/** The figures at the top of the page. */
function startSummary(model) {
  const { data } = model;
  const last = (values) => values[values.length - 1];
  const tile = (value, name) => make("div", { class: "tile" }, make("b", {}, value), make("span", {}, name));
  const tiles = byId("tiles");
  if (model.several) {
    data.runs.forEach((run, index) => {
      const box = make("input", { type: "checkbox", checked: true, change: (event) => model.showRun(index, event.target.checked) });
      model.on("filter", () => (box.checked = !model.hiddenRuns.has(index)));
      const dot = make("span", { class: "dot", style: `color:${runColour(index)}`, "aria-hidden": "true" }, runSign(index));
      const reached = run.course ? `, hypervolume ${last(run.course.hypervolume).toFixed(4)}` : "";
      const about = `${run.problem}, ${run.cells.length} networks${reached}`;
      tiles.append(make("label", { class: "tile run" }, make("b", {}, box, dot, run.name), make("span", {}, about)));
    });
  } else {
    const [run] = data.runs;
    const best = (column) => brief(extent(model.values[column])?.[1]);
    tiles.append(
      tile(String(run.cells.length), "networks on the front"),
      tile(run.evaluations === null ? "–" : String(run.evaluations), "evaluations"),
      tile(best("accuracy"), "best accuracy"),
      tile(best("robust_accuracy"), "best robust accuracy"),
      tile(brief(extent(model.values.cost)?.[0]), "lowest cost"),
    );
    if (run.course) tiles.append(tile(last(run.course.hypervolume).toFixed(4), "hypervolume"));
    if (run.time) tiles.append(tile(run.time, "searching"));
  }
  for (const sentence of data.notes) byId("notes").append(make("p", {}, sentence));
  for (const warning of data.warnings) byId("notes").append(make("p", { class: "warning" }, warning));
}
