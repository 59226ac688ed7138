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
      const other = NUMBERED.includes(column) ? model.text(row, column) : brief(value);
      const shown = column.endsWith("accuracy") ? accuracy(run, column, value) : [other];
      list.append(...figure(model.label(column), shown));
    }
    const audited = run.audit ? run.audit.members.indexOf(Number(model.text(row, "member"))) : -1;
    if (audited >= 0) {
      list.append(...figure("audit, at worst", counted(run.audit.worst[audited], run.audit.images[audited])));
      if (run.attacks?.members.includes(run.audit.members[audited])) {
        list.append(...figure("", [make("a", { href: "#attacks" }, "attack by attack")]));
      }
    }
    return list;
  }

  function layers(row, run) {
    if (!run.layers) return null;
    const lines = run.layers.names.map((name, index) => {
      const [share, size] = [run.layers.share[row.index][index], run.layers.sizes[index]];
      const bar = make("span", { class: "bar" }, make("i", { style: `width:${100 * share}%` }));
      return make("li", {}, make("span", { title: name }, short(name, 80)), bar, make("span", {}, `${Math.round(share * size)}/${size}`));
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
      return mark(row);
    }
    panel.classList.remove("empty");
    const run = model.data.runs[row.run];
    const name = `Member ${model.text(row, "member")}`;
    const close = make("button", { type: "button", class: "plain close", "aria-label": `Let go of ${name}`, click: letGo }, "×");
    // On a phone the panel covers the page, so it begins small.
    const open = () => more.setAttribute("aria-expanded", panel.classList.toggle("open"));
    const more = make("button", { type: "button", class: "plain more", "aria-expanded": "false", click: open }, "details");
    more.setAttribute("aria-expanded", panel.classList.contains("open"));
    panel.replaceChildren(
      make("h2", {}, name, model.several ? make("small", {}, run.name) : "", more, close),
      make("p", { class: "brief" }, figuresOf(row)),
      ...[figures(row, run), layers(row, run), command(row, run)].filter(Boolean),
    );
    mark(row);
  }

  function letGo() {
    const row = model.selected;
    model.hover(null);
    if (row === null) return;
    model.select(row);
    byId("table").querySelector(`tr[data-row="${row}"] button`)?.focus({ preventScroll: true });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.target.matches("input, select")) letGo();
  });

  /** Tell those who hear the page, once a network is kept; what the pointer passes is not told. */
  let told = null;
  function tell() {
    if (told === model.selected) return;
    told = model.selected;
    const row = model.rows[told];
    byId("kept").textContent = row ? `${model.nameOf(row)} is kept: ${figuresOf(row)}. Escape lets it go.` : "";
  }

  const figuresOf = (row) =>
    OBJECTIVES.map((column) => `${model.label(column)} ${brief(model.values[column][row.id])}`).join(" · ");

  function mark(row) {
    panel.classList.toggle("kept-here", row !== null && row.id === model.selected);
  }

  model.on("highlight", () => (draw(), tell()));
  draw();
}
