// How the search went: hypervolume, rounds, audits.

function startHypervolume(model) {
  const draw = () => {
    const traces = [];
    for (const { run, index } of model.runsWith("course")) {
      const { evaluations, hypervolume, round } = run.course;
      for (const number of [...new Set(round)]) {
        const at = round.map((r, i) => (r === number ? i : -1)).filter((i) => i >= 0);
        const rounds = Math.max(...round);
        const name = [model.several ? short(run.name) : "", rounds > 1 ? `round ${number}` : ""].filter(Boolean).join(", ");
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
    drawChart(byId("hypervolume"), traces, look);
  };
  draw();
  for (const event of ["look", "runs"]) model.on(event, draw);
}

const STAGE_NAMES = ["predicted", "pruned", "fine-tuned"];

function startRounds(model) {
  const draw = () => {
    const traces = model.runsWith("rounds").flatMap(({ run, index }) =>
      [["accuracy", "solid", "circle"], ["robust_accuracy", "dot", "square"]].map(([column, dash, symbol], which) => {
        const { number, cost } = run.rounds;
        const name = `${model.several ? `${short(run.name)}, ` : ""}${model.label(column)}`;
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
    drawChart(byId("rounds"), traces, look);
  };
  draw();
  for (const event of ["look", "runs"]) model.on(event, draw);
}
