// One network: who it is, its figures, and the command that exports it.

function startPanel(model) {
  const panel = byId("panel");

  const figure = (name, value) => [make("dt", {}, name), make("dd", {}, ...value)];
  const counted = (share, images) => [
    share.toFixed(4),
    images ? make("small", {}, `${Math.round(share * images)} of ${images}`) : null,
  ];

  /** An accuracy, and of how many images. */
  function accuracy(run, column, value) {
    if (Number.isNaN(value)) return ["–"];
    const images = run.images[column.startsWith("test_") ? "test" : "validation"];
    return counted(value, images);
  }

  function figures(row, run) {
    const list = make("dl");
    for (const column of run.columns) {
      if (column === "member" || column === "mask") continue;
      const value = model.values[column][row.id];
      const shown = column.endsWith("accuracy") ? accuracy(run, column, value) : [brief(value)];
      list.append(...figure(model.label(column), shown));
    }
    const audited = run.audit ? run.audit.members.indexOf(Number(model.text(row, "member"))) : -1;
    if (audited >= 0) {
      list.append(...figure("audit, at worst", counted(run.audit.worst[audited], run.audit.images[audited])));
    }
    return list;
  }

  function layers(row, run) {
    if (!run.layers) return null;
    const lines = run.layers.names.map((name, index) => {
      const [share, size] = [run.layers.share[row.index][index], run.layers.sizes[index]];
      const bar = make("span", { class: "bar" }, make("i", { style: `width:${100 * share}%` }));
      return make("li", {}, make("span", {}, name), bar, make("span", {}, `${Math.round(share * size)}/${size}`));
    });
    return make("div", {}, make("h3", {}, "Filters kept"), make("ul", { class: "kept" }, ...lines));
  }

  function command(row, run) {
    if (!run.export) return null;
    const text = `${run.export}${model.text(row, "member")}`;
    const said = make("span", { role: "status", class: "said" });
    const copy = async () => {
      said.textContent = (await copyText(text)) ? "copied" : "select it and copy";
    };
    const button = make("button", { type: "button", id: "copy", click: copy }, "Copy");
    return make("div", { class: "command" }, make("code", {}, text), make("div", {}, button, said));
  }

  let shownRow;
  function draw() {
    const row = model.focus();
    if (row === shownRow) return mark(row);
    shownRow = row;
    if (!row) {
      const hint = "Point at a network in any view, or click or tap to keep it here.";
      panel.replaceChildren(make("h2", {}, "One network"), make("p", { class: "hint" }, hint));
      panel.classList.add("empty");
      return;
    }
    panel.classList.remove("empty");
    const run = model.data.runs[row.run];
    const name = `Member ${model.text(row, "member")}`;
    const sub = OBJECTIVES.map((column) => `${model.label(column)} ${brief(model.values[column][row.id])}`).join(" · ");
    const close = make("button", { type: "button", class: "plain close", "aria-label": "let go", click: letGo }, "×");
    // On a phone the panel covers the page, so it begins small.
    const more = make("button", { type: "button", class: "plain more", click: () => panel.classList.toggle("open") }, "details");
    panel.replaceChildren(
      make("h2", {}, name, model.several ? make("small", {}, run.name) : "", more, close),
      make("p", { class: "brief" }, sub),
      ...[figures(row, run), layers(row, run), command(row, run)].filter(Boolean),
    );
    mark(row);
  }

  function letGo() {
    model.hover(null);
    if (model.selected !== null) model.select(model.selected);
  }

  function mark(row) {
    panel.classList.toggle("kept-here", row !== null && row.id === model.selected);
  }

  model.on("highlight", draw);
  draw();
}
