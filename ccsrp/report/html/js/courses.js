// How the search went: hypervolume, rounds, audits.

function startHypervolume(model) {
  const runs = model.data.runs.map((run, index) => ({ run, index })).filter(({ run }) => run.course);
  const draw = () => {
    const traces = [];
    for (const { run, index } of runs) {
      const { evaluations, hypervolume, round } = run.course;
      for (const number of [...new Set(round)]) {
        const at = round.map((r, i) => (r === number ? i : -1)).filter((i) => i >= 0);
        const rounds = Math.max(...round);
        const name = [model.several ? run.name : "", rounds > 1 ? `round ${number}` : ""].filter(Boolean).join(", ");
        traces.push({
          type: "scatter",
          mode: at.length > 400 ? "lines" : "lines+markers",
          x: at.map((i) => evaluations[i]),
          y: at.map((i) => hypervolume[i]),
          name: plain(name || "hypervolume"),
          line: { shape: "hv", width: 2, color: runColour(model.several ? index : number - 1), dash: model.several && number % 2 === 0 ? "dash" : "solid" },
          marker: { size: 4 },
          hovertemplate: "%{x} evaluations<br>hypervolume %{y:.4f}<extra></extra>",
        });
      }
    }
    const look = chartLook({
      xaxis: axisLook("evaluations"),
      yaxis: axisLook("hypervolume"),
      ...(traces.length > 1 ? legendAbove() : {}),
    });
    Plotly.react("hypervolume", traces, look, CONFIG);
  };
  draw();
  model.on("look", draw);
}

const STAGE_NAMES = ["predicted", "pruned", "fine-tuned"];

function startRounds(model) {
  const runs = model.data.runs.map((run, index) => ({ run, index })).filter(({ run }) => run.rounds);
  const draw = () => {
    const traces = runs.flatMap(({ run, index }) =>
      [["accuracy", "solid", "circle"], ["robust_accuracy", "dot", "square"]].map(([column, dash, symbol], which) => {
        const { number, cost } = run.rounds;
        const name = `${model.several ? `${run.name}, ` : ""}${model.label(column)}`;
        return {
          type: "scatter",
          mode: "lines+markers",
          name: plain(name),
          // Two lines of categories: rounds, and the stages of each.
          x: [
            number.flatMap((n, r) => STAGE_NAMES.map(() => `round ${n}: cost ${cost[r].toFixed(2)}`)),
            number.flatMap(() => STAGE_NAMES),
          ],
          y: run.rounds[column].flat(),
          line: { dash, width: 2, color: runColour(model.several ? index : which) },
          marker: { size: 8, symbol },
          hovertemplate: "%{y:.4f}<extra></extra>",
        };
      }),
    );
    const look = chartLook({
      xaxis: axisLook("", { type: "multicategory", dividercolor: themed("grid") }),
      yaxis: axisLook("validation images"),
      ...legendAbove(),
    });
    Plotly.react("rounds", traces, look, CONFIG);
  };
  draw();
  model.on("look", draw);
}

function startAudit(model) {
  const runs = model.data.runs.map((run, index) => ({ run, index })).filter(({ run }) => run.audit);
  const chart = byId("audit");
  const bars = runs.flatMap(({ run, index }) =>
    run.audit.members.map((member, place) => ({
      name: `${model.several ? `${run.name}, ` : ""}member ${member}`,
      row: model.rows.find((row) => row.run === index && Number(model.text(row, "member")) === member),
      cost: run.audit.cost[place],
      images: run.audit.images[place],
      suspicious: run.audit.suspicious[place],
      figures: [run.audit.clean[place], run.audit.search[place], run.audit.worst[place]],
    })),
  );
  byId("audit-note").textContent = bars.some((bar) => bar.suspicious)
    ? `The audit saw signs of masked gradients in ${bars.filter((bar) => bar.suspicious).map((bar) => bar.name).join("; ")}.`
    : "The audit saw no sign of masked gradients.";
  const draw = () => {
    const kinds = [["clean", "circle", runColour(0)], ["attack of the search", "diamond", runColour(1)], ["worst case of the audit", "square", runColour(4)]];
    const lines = {
      type: "scatter",
      mode: "lines",
      hoverinfo: "skip",
      showlegend: false,
      x: bars.flatMap((bar) => [Math.min(...bar.figures), Math.max(...bar.figures), null]),
      y: bars.flatMap((_, place) => [place, place, null]),
      line: { color: themed("grid"), width: 5 },
    };
    const dots = kinds.map(([name, symbol, colour], which) => ({
      type: "scatter",
      mode: "markers",
      name,
      x: bars.map((bar) => bar.figures[which]),
      y: bars.map((_, place) => place),
      customdata: bars.map((bar) => bar.row?.id),
      text: bars.map((bar) => `${plain(bar.name)}, cost ${brief(bar.cost)}<br>${name}: ${bar.figures[which].toFixed(3)} of ${bar.images} images`),
      hoverinfo: "text",
      marker: { size: 12, symbol, color: colour, line: { width: 1, color: themed("text") } },
    }));
    chart.style.height = `${Math.min(900, 130 + 34 * bars.length)}px`;
    const look = chartLook({
      xaxis: axisLook("share of test images that stay right", { range: [-0.02, 1.02] }),
      yaxis: axisLook("", {
        range: [bars.length - 0.4, -0.6],
        tickvals: bars.map((_, place) => place),
        ticktext: bars.map((bar) => plain(bar.name)),
      }),
      ...legendAbove(),
    });
    return Plotly.react(chart, [lines, ...dots], look, CONFIG);
  };
  draw().then(() => linkPoints(chart, model, (point) => point.data.customdata?.[point.pointNumber]));
  model.on("look", draw);
}
