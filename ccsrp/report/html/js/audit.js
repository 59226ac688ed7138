// How far the attack of the search flattered the networks that were audited.

const AUDITED = [
  ["clean", "circle", "#0072b2"],
  ["attack of the search", "diamond", "#e69f00"],
  ["worst case of the audit", "square", "#d55e00"],
];
const MOST_NAMES = 45; // of members beside the chart

function startAudit(model) {
  const chart = byId("audit");
  const audited = () =>
    model.runsWith("audit").flatMap(({ run, index }) =>
      run.audit.members.map((member, place) => ({
        name: `${model.several ? `${short(run.name)}, ` : ""}member ${member}`,
        row: model.rowOf(index, member),
        cost: run.audit.cost[place],
        images: run.audit.images[place],
        suspicious: run.audit.suspicious[place],
        figures: [run.audit.clean[place], run.audit.search[place], run.audit.worst[place]],
      })),
    );

  function sentence(bars) {
    const names = bars.filter((bar) => bar.suspicious).map((bar) => bar.name);
    if (!names.length) return "The audit saw no sign of masked gradients.";
    const more = names.length > 10 ? ` and ${names.length - 10} more` : "";
    return `The audit saw signs of masked gradients in ${names.slice(0, 10).join("; ")}${more}.`;
  }

  function draw() {
    const bars = audited();
    byId("audit-note").textContent = bars.length ? sentence(bars) : "";
    const lines = {
      type: "scatter",
      mode: "lines",
      hoverinfo: "skip",
      showlegend: false,
      x: bars.flatMap((bar) => [Math.min(...bar.figures), Math.max(...bar.figures), null]),
      y: bars.flatMap((_, place) => [place, place, null]),
      line: { color: themed("grid"), width: bars.length > MOST_NAMES ? 2 : 5 },
    };
    const dots = AUDITED.map(([name, symbol, colour], which) => ({
      type: "scatter",
      mode: "markers",
      name,
      x: bars.map((bar) => bar.figures[which]),
      y: bars.map((_, place) => place),
      customdata: bars.map((bar) => bar.row?.id),
      text: bars.map((bar) => `${plain(bar.name)}, cost ${brief(bar.cost)}<br>${name}: ${bar.figures[which].toFixed(3)} of ${bar.images} images`),
      hoverinfo: "text",
      marker: { size: bars.length > MOST_NAMES ? 7 : 12, symbol, color: colour, line: { width: 1, color: themed("text") } },
    }));
    chart.style.height = `${Math.min(1000, 130 + 34 * bars.length)}px`;
    const ticks = everyFew(bars.length, MOST_NAMES);
    const look = chartLook({
      xaxis: axisLook("share of test images that stay right", { range: [-0.02, 1.02] }),
      yaxis: axisLook("", {
        range: [bars.length - 0.4, -0.6],
        tickvals: ticks,
        ticktext: ticks.map((place) => plain(bars[place].name)),
      }),
      ...legendAbove(),
    });
    return drawChart(chart, [lines, ...dots], look);
  }

  draw().then(() => linkPoints(chart, model, (point) => point.data.customdata?.[point.pointNumber]));
  for (const event of ["look", "runs"]) model.on(event, draw);
}
