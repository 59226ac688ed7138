// The bar that stays at the top: filter, colours, how much is shown.

function startControls(model) {
  const query = byId("query");
  const error = byId("query-error");
  query.addEventListener("input", () => {
    model.ask(query.value);
    error.textContent = model.query.error;
  });
  byId("reset").addEventListener("click", () => {
    query.value = "";
    error.textContent = "";
    model.reset();
  });
  const choose = byId("colour");
  const names = model.several ? ["run", ...model.columns] : model.columns;
  for (const column of names) choose.append(make("option", { value: column }, model.label(column)));
  choose.value = model.colour;
  choose.addEventListener("change", () => model.colourBy(choose.value));

  const legend = byId("legend");
  const drawLegend = () => {
    legend.replaceChildren();
    if (model.colour === "run") return;
    const ends = extent(model.values[model.colour]);
    if (!ends) return legend.append("no figures");
    const [low, high] = ends;
    const stops = Array.from({ length: 9 }, (_, i) => scaleColour(i / 8)).join(",");
    legend.append(brief(low), make("i", { role: "img", "aria-label": "to", style: `background:linear-gradient(to right,${stops})` }), brief(high));
  };
  const count = () => {
    const shown = model.shown.filter(Boolean).length;
    const every = model.rows.length;
    byId("count").textContent = shown === every ? `all ${every} networks` : `${shown} of ${every} networks`;
    byId("reset").disabled = shown === every && !model.brushes.size && !query.value && !model.hiddenRuns.size;
  };
  model.on("look", drawLegend);
  model.on("filter", count);
  drawLegend();
  count();
}
