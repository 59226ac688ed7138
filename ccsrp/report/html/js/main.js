// Everything begins here.

/** Draw a chart when someone scrolls near it, or prints the page: WebGL takes seconds without a graphics card. */
function whenNear(id, start) {
  const node = byId(id);
  const begin = () => {
    observer.disconnect();
    removeEventListener("beforeprint", begin);
    node.dataset.drawn = "yes";
    start();
  };
  const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && begin(), {
    rootMargin: "500px",
  });
  observer.observe(node);
  addEventListener("beforeprint", begin);
}

function start() {
  const model = createModel(JSON.parse(byId("data").textContent));
  startTheme(() => model.themeChanged());
  startSummary(model);
  startSettings(model);
  startControls(model);
  startPanel(model);
  startTable(model);
  startParallel(model);
  whenNear("projections", () => startProjections(model));
  whenNear("space", () => startScene(model));
  for (const [what, section, chart, begin] of [
    ["layers", "layers-section", "layers", startLayers],
    ["course", "hypervolume-section", "hypervolume", startHypervolume],
    ["rounds", "rounds-section", "rounds", startRounds],
    ["audit", "audit-section", "audit", startAudit],
  ]) {
    if (model.data.runs.some((run) => run[what])) whenNear(chart, () => begin(model));
    else byId(section).hidden = true;
  }
  startAttacks(model);
  document.documentElement.dataset.ready = "yes";
}

start();
