"""Which method prunes best: figures of experiments/methods."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from figures.claims import Claim, Rows
from figures.comparison import (
    ACCURACY,
    AUDITED,
    DENSE,
    FIGURES,
    OURS,
    ROBUST,
    SAVES_NO_FLOPS,
    TARGETS,
    Comparison,
)
from figures.reading import count, read, summary

__all__ = ["claims"]

PAGE = "experiments/methods/README.md"
# Points that CCSRP was to lose to the dense network at most: accuracy at both targets, then audits.
GOALS = (0.5, 1.0, 1.0, 2.0)
KENDALL = ("accuracy, all masks", "robust, all", "accuracy, cost above 0.25", "robust, above 0.25")


def claims() -> Iterator[Claim | Rows]:
    """Yield what pages say of the comparison of methods."""
    digits, labels = Comparison("digits"), Comparison("digits-labels")
    yield from _digits(digits)
    yield from _taught(digits, labels)
    yield from _fashion(Comparison("fashion-labels"))
    yield from _fashion_taught(Comparison("fashion"))
    yield from _fashion_longer(Comparison("fashion-longer"))
    yield from _synops(Comparison("digits-synops-labels"))
    yield from _fronts()
    yield from _forecast()
    yield from _splices()


def _digits(found: Comparison) -> Iterator[Claim | Rows]:
    heads, rows = found.table()
    yield Claim(PAGE, "**Digits, 20 epochs, means of {} seeds**", (str(found.seeds),))
    yield Rows(PAGE, "**Digits, 20 epochs, means of", heads, rows)
    first = [column for column in found.columns if OURS in found.best(column)]
    yield Claim(
        PAGE,
        "Of the methods that save FLOPs, CCSRP has the best mean in {} of {} columns, {} of them beside "
        "another.",
        (
            count(len(first)),
            count(len(found.columns)),
            count(sum(len(found.best(column)) > 1 for column in first)),
        ),
    )
    leads = {
        column: [found.standard_errors(name, column) for name in found.savers if name != OURS]
        for column in found.columns
    }
    yield Claim(
        PAGE,
        "One image is 0.3 points and seeds spread by up to {}. Of its {} leads, six columns over six "
        "methods, {} exceed two standard errors; over the next best only that in robust accuracy at 35 % "
        "does.",
        (
            f"{100 * found.widest_spread():.1f}",
            str(sum(map(len, leads.values()))),
            str(sum(lead > 2 for over in leads.values() for lead in over)),
        ),
        holds=[column for column, over in leads.items() if min(over) > 2] == [(ROBUST, 0.35)],
    )
    lost = {column: 100 * (found.dense[column[0]] - found.of(OURS, column)) for column in found.columns}
    yield Claim(
        PAGE,
        "CCSRP loses {} and {} points of accuracy at 50 and 35 %, {} and {} of robust accuracy, and {} "
        "and {} in the audit (below 0 is a gain): at half of the operations it withstands as much as the "
        "network",
        tuple(f"{lost[figure, target]:.1f}" for figure in FIGURES for target in TARGETS),
        holds=lost[AUDITED, 0.5] <= 0,
    )
    flattered = 100 * (found.means[ROBUST] - found.means[AUDITED]).drop(DENSE)
    yield Claim(
        PAGE,
        "audits leave {} to {} points less on these pruned networks (means of a method), {} on the dense "
        "one.",
        (
            f"{flattered.min():.0f}",
            f"{flattered.max():.0f}",
            f"{100 * (found.dense[ROBUST] - found.dense[AUDITED]):.0f}",
        ),
    )
    ours = found.rows[found.rows["method"] == OURS]
    plain = found.rows[found.rows["method"] == "random"]
    yield Claim(
        PAGE,
        "CCSRP judges {} masks and trains its finalists for {} epochs more;",
        (f"{ours['evaluations'].mean():.0f}", count(round(ours["epochs"].mean() - plain["epochs"].mean()))),
    )


def _taught(found: Comparison, labels: Comparison) -> Iterator[Claim]:
    def ours(figure: str, where: Comparison) -> list[float]:
        return [where.of(OURS, (figure, target)) for target in TARGETS]

    lost = [100 * (labels.dense[AUDITED] - value) for value in ours(AUDITED, labels)]
    gains = {
        figure: [
            100 * (now - was) for now, was in zip(ours(figure, found), ours(figure, labels), strict=True)
        ]
        for figure in (ACCURACY, AUDITED)
    }
    yield Claim(
        PAGE,
        "the same comparison left {} and {} of CCSRP in the audit, {} and {} points less than of the "
        "dense base, and {} and {} in accuracy: to be taught costs {} and {} points of accuracy and gains {} "
        "and {} in the audit.",
        (
            *(f"{value:.3f}" for value in ours(AUDITED, labels)),
            *(f"{value:.0f}" for value in lost),
            *(f"{value:.3f}" for value in ours(ACCURACY, labels)),
            *(f"{-value:.1f}" for value in gains[ACCURACY]),
            *(f"{value:.1f}" for value in gains[AUDITED]),
        ),
        holds=min(gains[AUDITED]) > 0 > max(gains[ACCURACY]),
    )
    yield Claim(
        "docs/concepts/teaching.md",
        "an audit leaves {} of CCSRP's networks that were trained on labels, and {} of those that were "
        "taught in the larger box; of the dense network, {}. By the search's attack the same networks are "
        "{} points apart:",
        (
            *(f"{where.of(OURS, (AUDITED, 0.5)):.3f}" for where in (labels, found)),
            f"{found.dense[AUDITED]:.3f}",
            f"{100 * (found.of(OURS, (ROBUST, 0.5)) - labels.of(OURS, (ROBUST, 0.5))):.1f}",
        ),
    )
    yield Claim(
        "docs/concepts/teaching.md",
        "and some clean accuracy, {} points here.",
        (f"{-gains[ACCURACY][0]:.1f}",),
    )
    yield Claim(
        PAGE,
        "three versions had, trained on labels, 0.778, 0.784 and {} robust accuracy at 50 %, and 0.737, "
        "0.744 and {} at 35 %,",
        tuple(f"{value:.3f}" for value in ours(ROBUST, labels)),
    )


def _fashion(found: Comparison) -> Iterator[Claim | Rows]:
    heads, rows = found.table()
    yield Claim(
        PAGE, "**Fashion-MNIST, 3 epochs on 10,000 images, labels, means of {} seeds**", (str(found.seeds),)
    )
    yield Rows(PAGE, "**Fashion-MNIST, 3 epochs on 10,000 images", heads, rows)
    first = [column for column in found.columns if OURS in found.best(column)]
    yield Claim(
        PAGE,
        "CCSRP is first in {} of {} columns of the methods that save FLOPs.",
        (count(len(first)), count(len(found.columns))),
    )
    yield Claim(
        PAGE,
        "Its lead over `hydra`, the next best, is {} points of accuracy and {} of robust accuracy at 50 %, "
        "{} and {} at 35 %;",
        tuple(found.lead("hydra", (figure, target)) for target in TARGETS for figure in (ACCURACY, ROBUST)),
        holds=found.savers[1] == "hydra",
    )
    spread = found.spreads.loc[([OURS, "hydra"], slice(None)), [ACCURACY, ROBUST]]
    yield Claim(
        PAGE,
        "the seeds of these two spread by {} to {} points.",
        (f"{100 * spread.min(axis=None):.1f}", f"{100 * spread.max(axis=None):.1f}"),
    )


def _lost(found: Comparison) -> list[float]:
    """Return by how many points ours is behind the dense network: accuracy, then audits."""
    return [
        100 * (found.dense[figure] - found.of(OURS, (figure, target)))
        for figure in (ACCURACY, AUDITED)
        for target in TARGETS
    ]


def _fashion_longer(found: Comparison) -> Iterator[Claim | Rows]:
    heads, rows = found.table()
    yield Rows(PAGE, "**Four times as much training**", heads, rows)
    lost = _lost(found)
    first = [column for column in found.columns if OURS in found.best(column)]
    yield Claim(
        PAGE,
        "CCSRP then loses {} and {} points of accuracy to the dense network, {} and {} in the audit, and is "
        "first in {} of {} columns.",
        (*(f"{points:.1f}" for points in lost), count(len(first)), count(len(found.columns))),
    )
    yield Claim(
        PAGE,
        "only the audit's at 50 % is reached.",
        holds=[points <= goal for points, goal in zip(lost, GOALS, strict=True)]
        == [False, False, True, False],
    )


def _fashion_taught(found: Comparison) -> Iterator[Claim | Rows]:
    heads, rows = found.table()
    yield Rows(PAGE, "**Fashion-MNIST, taught by the dense network, audited**", heads, rows)
    first = [column for column in found.columns if OURS in found.best(column)]
    behind = [
        100 * (max(found.of(name, column) for name in found.savers) - found.of(OURS, column))
        for column in found.columns
    ]
    yield Claim(
        PAGE,
        "Of the methods that save FLOPs CCSRP is first in {} of {} columns, one of them beside `hydra`, and "
        "never more than {} points behind the first;",
        (count(len(first)), count(len(found.columns)), f"{max(behind):.1f}"),
    )
    yield Claim(
        PAGE,
        "it loses {} and {} points of accuracy, {} and {} in the audit: three epochs",
        tuple(f"{points:.1f}" for points in _lost(found)),
    )


def _synops(found: Comparison) -> Iterator[Claim]:
    column = (ROBUST, 0.5)
    others = [name for name in found.savers if name != OURS]
    accurate = sorted(found.savers, key=lambda name: -found.of(name, (ACCURACY, 0.5)))[0]
    yield Claim(
        PAGE,
        "CCSRP has {} and {}, the next best in robust accuracy are `{}` with {} and `{}` with {}; the best "
        "in accuracy is `{}` with {}.",
        (
            f"{found.of(OURS, (ACCURACY, 0.5)):.3f}",
            f"{found.of(OURS, column):.3f}",
            *(text for name in others[:2] for text in (name, f"{found.of(name, column):.3f}")),
            accurate,
            f"{found.of(accurate, (ACCURACY, 0.5)):.3f}",
        ),
        holds=found.savers[0] == OURS and found.best(column) == [OURS],
    )
    ends = found.means["synops"].xs(0.5, level="target").loc[found.savers].sort_values()
    yield Claim(
        PAGE,
        "so that they end at {} (`{}`) to {} (`{}`), CCSRP at {}.",
        (f"{ends.iloc[0]:.2f}", ends.index[0], f"{ends.iloc[-1]:.2f}", ends.index[-1], f"{ends[OURS]:.2f}"),
    )
    volumes = _means(summary("methods/summary.md", "Fronts of methods-digits-synops-labels on test images"))
    ahead = volumes[volumes > volumes[OURS]].sort_values(ascending=False)
    yield Claim(
        PAGE,
        "Counted at what they cost in the end, {} have more hypervolume ({} to {}, CCSRP {}).",
        (
            " and ".join(", ".join(f"`{name}`" for name in ahead.index).rsplit(", ", 1)),
            f"{ahead.min():.3f}",
            f"{ahead.max():.3f}",
            f"{volumes[OURS]:.3f}",
        ),
    )


def _means(fronts: pd.DataFrame, column: str = "hypervolume (robust)") -> pd.Series:
    return fronts.set_index("method")[column].str.split().str[0].astype(float)


def _fronts() -> Iterator[Claim | Rows]:
    counts: list[str] = []
    for name, title in (("digits", "digits"), ("fashion-labels", "Fashion-MNIST (labels)")):
        fronts = summary("methods/summary.md", f"Fronts of methods-{name} on test images")
        fronts = fronts[fronts["method"].ne(SAVES_NO_FLOPS)]
        cells = [[cell.split(" ±")[0] for cell in row] for row in fronts.to_numpy()]
        heads = tuple(column.replace(" (robust)", "") for column in fronts.columns)
        yield Rows(PAGE, f"Fronts on {title}:", heads, tuple(map(tuple, cells)))
        counts += [cell for row in cells for cell in row if " of " in cell]
    yield Claim(
        PAGE,
        "So the front does not dominate all competitors, as was the goal:",
        holds=any(len(set(cell.split(" of "))) > 1 for cell in counts),
    )


def _forecast() -> Iterator[Claim]:
    table = summary("methods/summary.md", "What is seen before fine-tuning").set_index("judged")
    judges = ("calibrated", "cost", "trained on 512")
    yield Claim(
        PAGE,
        "is {} for the calibrated judgement and {} for cost alone; one epoch on 512 images gives {}. Where "
        "cost is above a quarter they are {}, {} and {}.",
        tuple(table.loc[judge, column] for column in (KENDALL[1], KENDALL[3]) for judge in judges),
    )
    gains = sorted(
        f"{float(table.loc['calibrated on attacked', column]) - float(table.loc['calibrated', column]):.2f}"
        for column in (KENDALL[1], KENDALL[3])
    )
    yield Claim(PAGE, "Calibration on attacked images gains {} to {}.", (gains[0], gains[1]))
    page = "docs/concepts/calibration.md"
    robust = table[KENDALL[1]]
    yield Claim(
        page,
        "better than the raw network by little (Kendall {} against {}), and cost alone is better than both "
        "({})",
        (robust["calibrated"], robust["raw"], robust["cost"]),
        holds=float(robust["cost"]) > float(robust["calibrated"]) > float(robust["raw"]),
    )
    rows = read("methods/results/predict.csv")
    gained = 100 * (rows["calibrated: accuracy"] - rows["raw: accuracy"])
    yield Claim(
        page,
        "Between a tenth and half of the cost, calibration decides: there a mask can gain {} points of "
        "accuracy.",
        (f"{gained.max():.0f}",),
        holds=bool(rows.loc[gained.idxmax(), "cost"] < 0.5),
    )


def _splices() -> Iterator[Claim]:
    table = summary("methods/summary.md", "What a choice promised, and what it was").set_index("search")
    paper = table.loc["splice-paper"]
    accuracy, robust = paper["points of accuracy too many"], paper["of robust accuracy"]
    yield Claim(
        PAGE,
        "promised on average {} points of accuracy and {} points of robust accuracy more than the spliced "
        "network had ({} rounds)",
        (accuracy, robust, paper["rounds"]),
    )
    yield Claim(
        "docs/concepts/coevolution.md",
        "over {} rounds it promised {} points more robust accuracy than the spliced networks had",
        (count(int(paper["rounds"])), robust),
    )
