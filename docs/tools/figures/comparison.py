"""The rows of ``ccsrp compare``: means over seeds, leads, and the table that pages show."""

from __future__ import annotations

from figures.reading import read

__all__ = [
    "ACCURACY",
    "AUDITED",
    "DENSE",
    "FIGURES",
    "OURS",
    "ROBUST",
    "SAVES_NO_FLOPS",
    "TARGETS",
    "Comparison",
]

FIGURES = {
    "test_accuracy": "accuracy",
    "test_robust_accuracy": "robust",
    "audited_robust_accuracy": "audited",
}
ACCURACY, ROBUST, AUDITED = FIGURES
OURS, DENSE, SAVES_NO_FLOPS = "ccsrp", "dense", "esl"
TARGETS = (0.5, 0.35)


class Comparison:
    """The rows of ``ccsrp compare`` on one problem.

    Attributes
    ----------
    rows : DataFrame
    figures : list of str
        Columns that are complete: audits come last.
    seeds : int
    means, spreads : DataFrame
        Of each figure, a row a method and target.
    """

    def __init__(self, name: str) -> None:
        self.rows = read(f"methods/results/methods-{name}.csv")
        self.figures = [name for name in FIGURES if name in self.rows and self.rows[name].notna().all()]
        groups = self.rows.groupby(["method", "target"])
        # Rounded, so that 0.8625 is no 0.86249999.
        self.means = groups[[*self.figures, "flops", "synops"]].mean().round(10)
        self.spreads = groups[self.figures].std()
        self.seeds = int(self.rows["seed"].nunique())
        self.dense = self.rows[self.rows["method"] == DENSE].iloc[0]

    @property
    def columns(self) -> list[tuple[str, float]]:
        """Return (figure, target) in the order of tables."""
        return [(figure, target) for target in self.targets for figure in self.figures]

    @property
    def targets(self) -> list[float]:
        """Return the targets that were pruned to."""
        return [target for target in TARGETS if (OURS, target) in self.means.index]

    def of(self, method: str, column: tuple[str, float]) -> float:
        """Return a mean over seeds."""
        return float(self.means.loc[(method, column[1]), column[0]])

    def best(self, column: tuple[str, float]) -> list[str]:
        """Return the methods that save FLOPs and have the greatest mean, as it is written."""
        written = {name: round(self.of(name, column), 3) for name in self.savers}
        return [name for name, value in written.items() if value == max(written.values())]

    @property
    def savers(self) -> list[str]:
        """Return the methods that save FLOPs, best first by robust accuracy at the first target."""
        rows = self.means.xs(0.5, level="target").sort_values(ROBUST, ascending=False, kind="stable")
        savers = rows.index.drop(SAVES_NO_FLOPS, errors="ignore")
        return sorted(savers, key=lambda name: name != OURS)

    def lead(self, other: str, column: tuple[str, float]) -> str:
        """Return by how many points ours is ahead of another."""
        return f"{100 * (self.of(OURS, column) - self.of(other, column)):.1f}"

    def standard_errors(self, other: str, column: tuple[str, float]) -> float:
        """Return our lead over another, in standard errors of the difference of means."""
        figure, target = column
        spreads = self.spreads.loc[[(OURS, target), (other, target)], figure]
        error = float(((spreads**2).sum() / self.seeds) ** 0.5)
        return (self.of(OURS, column) - self.of(other, column)) / error

    def widest_spread(self) -> float:
        """Return the largest standard deviation over seeds of a figure of the methods that save FLOPs."""
        return float(self.spreads.loc[(self.savers, slice(None)), :].max(axis=None))

    def table(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Return heads and rows: means of each method; the best that save FLOPs are bold."""
        heads = [f"{FIGURES[figure]}, {100 * target:.0f} %" for figure, target in self.columns]
        dense = [f"{self.dense[figure]:.3f}" for figure in self.figures]
        rows = [("dense, 100 %", *dense, *[""] * (len(heads) - len(dense)))]
        others = [SAVES_NO_FLOPS] if SAVES_NO_FLOPS in self.means.index else []
        for name in [*self.savers, *others]:
            cells = []
            for column in self.columns:
                cell = f"{self.of(name, column):.3f}"
                cells.append(f"**{cell}**" if name in self.best(column) else cell)
            rows.append((self._label(name), *cells))
        return ("method", *heads), tuple(rows)

    def _label(self, name: str) -> str:
        ends = [f"{100 * self.of(name, ('flops', target)):.0f}" for target in self.targets]
        notes = {OURS: f"**{name}**", "ccep": f"ccep (at {' and '.join(ends)} %)"}
        return notes.get(name, f"{name} (parameters, not FLOPs)" if name == SAVES_NO_FLOPS else name)
