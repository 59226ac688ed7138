// Everything begins here.

function start() {
  const model = createModel(JSON.parse(byId("data").textContent));
  startTheme(() => model.themeChanged());
  startSummary(model);
  startSettings(model);
  startControls(model);
  startPanel(model);
  startTable(model);
  startParallel(model);
  startProjections(model);
  startScene(model);
  startLayers(model);
  startHypervolume(model);
  startRounds(model);
  startAudit(model);
  document.documentElement.dataset.ready = "yes";
}

start();
