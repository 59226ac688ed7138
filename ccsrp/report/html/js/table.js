// The table of the front: it sorts, filters, and is downloaded as it is shown.

const MOST_ROWS = 500; // rows that are laid out before someone asks for all

/** Write a cell for CSV; only names of runs may need quotation marks. */
const csvCell = (text) => (/[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

/** The rows that are shown, in their order, as CSV: of one run the very columns of its front.csv. */
function tableAsCsv(model) {
  const columns = model.several ? ["run", ...model.data.columns] : model.data.runs[0].columns;
  const lines = model.sorted().map((row) => columns.map((column) => csvCell(model.text(row, column))).join(","));
  return [columns.map(csvCell).join(","), ...lines].join("\n") + "\n";
}

function startTable(model) {
  const columns = model.several ? ["run", ...model.columns] : model.columns;
  const body = make("tbody");
  const heads = columns.map((column) =>
    make("th", { scope: "col" }, make("button", { type: "button", click: () => model.sort(column) }, model.label(column))),
  );
  const more = make("button", { type: "button", class: "plain", hidden: true, click: showAll });
  const scroller = make("div", { class: "scroller" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body));
  byId("table").append(scroller, more);

  function line(row) {
    const cells = columns.map((column) => {
      const content = short(shownCell(column, model.text(row, column)), 32);
      if (column !== "member") return make("td", { title: model.text(row, column) }, content);
      const named = { type: "button", class: "plain", "aria-label": model.nameOf(row), "aria-pressed": "false" };
      return make("td", {}, make("button", named, content));
    });
    return make("tr", { "data-row": row.id }, ...cells);
  }

  function fill(most) {
    const sorted = model.sorted();
    body.replaceChildren(...sorted.slice(0, most).map(line));
    more.hidden = sorted.length <= most;
    more.textContent = `Show all ${sorted.length} rows`;
    heads.forEach((head, index) => {
      const { column, descending } = model.order;
      head.setAttribute("aria-sort", column !== columns[index] ? "none" : descending ? "descending" : "ascending");
    });
    mark();
  }

  function showAll() {
    fill(Infinity);
    body.children[MOST_ROWS]?.querySelector("button").focus(); // the button that was pressed is gone
  }

  function mark() {
    for (const [kind, id] of [["selected", model.selected], ["hovered", model.hovered]]) {
      const pressed = (line, state) => {
        line.classList.toggle(kind, state);
        if (kind === "selected") line.querySelector("button").setAttribute("aria-pressed", state);
      };
      body.querySelectorAll(`tr.${kind}`).forEach((line) => pressed(line, false));
      const line = id === null ? null : body.querySelector(`tr[data-row="${id}"]`);
      if (line) pressed(line, true);
    }
  }

  /** Bring the row that was clicked on elsewhere into the table's window; the page stays where it is. */
  let selectedBefore = null;
  function bringIn() {
    const line = model.selected === selectedBefore ? null : body.querySelector("tr.selected");
    selectedBefore = model.selected;
    if (!line) return;
    const head = heads[0].offsetHeight;
    const [from, to] = [line.offsetTop - head, line.offsetTop + line.offsetHeight - scroller.clientHeight];
    if (scroller.scrollTop > from) scroller.scrollTop = from;
    else if (scroller.scrollTop < to) scroller.scrollTop = to;
  }

  const rowAt = (event) => {
    const line = event.target.closest("tr[data-row]");
    return line ? Number(line.dataset.row) : null;
  };
  body.addEventListener("pointerover", (event) => event.pointerType !== "touch" && model.hover(rowAt(event)));
  body.addEventListener("pointerleave", () => model.hover(null));
  // Who goes through the table with the keyboard sees each network marked, as who points does.
  body.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && model.hover(rowAt(event)));
  body.addEventListener("focusout", () => model.hover(null));
  body.addEventListener("click", (event) => {
    const id = rowAt(event);
    if (id !== null) model.select(id);
  });
  byId("download").addEventListener("click", () => {
    const name = model.several ? "runs" : model.data.runs[0].name.replace(/[^\w.-]+/g, "_");
    download(`${name}-front.csv`, tableAsCsv(model));
  });
  model.on("filter", atNextFrame(() => fill(MOST_ROWS)));
  model.on("highlight", () => (mark(), bringIn()));
  fill(MOST_ROWS);
}
