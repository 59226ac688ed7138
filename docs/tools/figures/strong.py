"""How near ``strong`` comes to an audit: figures of experiments/attack_strength/strong."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from scipy.stats import kendalltau

from figures.claims import Claim, Rows
from figures.comparison import AUDITED
from figures.reading import count, percent, read, summary

__all__ = ["EVERY", "audits", "claims"]

PAGE = "experiments/attack_strength/README.md"
EVERY = "attack_strength/strong/every.csv"
MEANS = "attack_strength/strong/summary.md"
LONG = "sharp, 50 steps, 2 starts"
# As the page calls them.
SHOWN = {
    "sharp": "`sharp`",
    LONG: "`sharp`, 50 steps, 2 starts",
    "sharp, 20 steps, 50 starts": "`sharp`, 20 steps, 50 starts",
    "strong, 12 rounds": "`strong` in 12 rounds",
    "strong, 20 rounds": "`strong` in 20 rounds",
    "strong, 30 rounds": "`strong` in 30 rounds",
    "strong": "**`strong` (50 rounds)**",
    "strong: given up later": "patience 0.9 in place of 0.6",
    "strong: nothing given up": "no image given up",
}


def claims() -> Iterator[Claim | Rows]:
    """Yield what pages say of ``strong``."""
    twelve = summary(MEANS, "Digits, six networks each")
    yield from _twelve(twelve)
    passes = str(twelve.set_index("attack").loc[LONG, "passes"])
    yield from _ranking(summary(MEANS, "Every network of the comparison on digits"), passes=passes)
    yield from _fashion(summary(MEANS, "Fashion-MNIST").set_index("attack"))
    yield from _passes()
    yield from _unseen()
    yield from _whole()


def audits() -> pd.Series:
    """Return what today's audits leave of the networks of the comparison on digits, by name."""
    digits = read("methods/results/methods-digits-labels.csv")
    names = digits["method"] + "-" + digits["seed"].astype(str) + "-" + digits["target"].map("{:g}".format)
    found: pd.Series = digits.set_index(names)[AUDITED]
    return found


def _twelve(table: pd.DataFrame) -> Iterator[Claim | Rows]:
    heads = tuple(table.columns)
    by_attack = table.set_index("attack")
    rows = tuple((words, *by_attack.loc[name]) for name, words in SHOWN.items())
    yield Rows(PAGE, "Passes and seconds are in those of `sharp`.", heads, rows)
    cells = pd.DataFrame(table.iloc[:, 1:].astype(float).to_numpy(), index=table["attack"])
    tuning, confirming = cells[0], cells[3]
    seeds = cells.loc[["strong: seed 1", "strong: seed 2"], [1, 4]]
    yield Claim(
        PAGE,
        "On the twelve it is {} ({} to {} with two other seeds). It takes {} times the passes of `sharp`,",
        (
            f"{cells.loc['strong', [1, 4]].mean():.1f}",
            f"{seeds.min(axis=None):.1f}",
            f"{seeds.max(axis=None):.1f}",
            f"{cells.loc['strong', 6]:.0f}",
        ),
    )
    few = cells.loc["strong, 12 rounds"]
    yield Claim(
        PAGE,
        "12 rounds are within {} points on average ({} at most), at {} times the passes, and 50 rounds "
        "always below",
        (f"{few[[0, 3]].mean():.0f}", _most("strong, 12 rounds"), f"{few[6]:.0f}"),
        holds=float(_most("strong")) <= 0,
    )
    free = cells.loc["strong: nothing given up"]
    yield Claim(
        PAGE,
        "`strong` leaves {} points less than 37 attacks together, and without giving images up {} points "
        "less.",
        (f"{-cells.loc['strong', [0, 3]].mean():.0f}", f"{-free[[0, 3]].mean():.0f}"),
    )
    yield Claim(
        PAGE,
        "it would take {} times the passes of `sharp`, for a gap of {}. More rounds cost little (12 rounds: "
        "{} times, 70 rounds: {} times)",
        (
            f"{free[6]:.0f}",
            f"{free[[1, 4]].mean():.1f}",
            f"{few[6]:.1f}",
            f"{cells.loc['strong, 70 rounds', 6]:.1f}",
        ),
    )

    def worse(name: str) -> pd.Series:
        """Return the points that this costs on the tuning and on the confirming networks."""
        return pd.Series([column[name] - column["strong"] for column in (tuning, confirming)])

    own = worse("strong: training's own near")
    starts = "sharp, 20 steps, 50 starts"
    yield Claim(
        PAGE,
        "Fifty random starts cost {} times as much and find {} points less. Sharper derivatives help there "
        "(ATan(10) over ATan(6): {} points; the network's own: {} to {} worse). The small random move of "
        "each round's start is worth {} points, small first steps {};",
        (
            f"{cells.loc[starts, 6] / cells.loc['strong', 6]:.0f}",
            f"{worse(starts).mean():.0f}",
            f"{worse('strong: ATan(6) near').mean():.0f}",
            f"{own.min():.0f}",
            f"{own.max():.0f}",
            f"{worse('strong: no kick').mean():.0f}",
            f"{worse('strong: near steps from eps').mean():.0f}",
        ),
    )


def _most(candidate: str) -> str:
    """Return how far above the 37 attacks one leaves at most, on the twelve networks."""
    rows = read("attack_strength/strong/candidates.csv")
    return f"{rows[rows['candidate'].eq(candidate)]['above_audit'].max():.1f}"


def _ranking(table: pd.DataFrame, *, passes: str) -> Iterator[Claim]:
    rows = table.set_index(["networks", "attack"])
    unseen, groups = "not among the twelve (69)", ("all (81)", "target 0.5 (40)", "target 0.35 (40)")
    yield Claim(
        PAGE,
        "over the 69 networks that had no part in the choice the gap of `strong` is {} points, {} at most; "
        "that of `sharp` is {} against the 37 attacks alone.",
        (
            rows.loc[(unseen, "strong"), "gap"],
            rows.loc[(unseen, "strong"), "most"],
            rows.loc[(unseen, "sharp"), "gap"],
        ),
    )
    tau = rows["Kendall with audit"]
    low, high = rows.loc[("all (81)", "sharp"), "strong ahead by"].split(" to ")
    yield Claim(
        PAGE,
        "over 81 networks Kendall's correlation with the audit is {} against {} (difference {} to {} in 95 "
        "% of bootstrap samples). At equal cost it is {} against {} (target 0.5) and {} against {} (target "
        "0.35)",
        (
            tau[groups[0], "strong"],
            tau[groups[0], "sharp"],
            low,
            high,
            *(tau[group, attack] for group in groups[1:] for attack in ("strong", "sharp")),
        ),
        holds=float(low) > 0,
    )
    yield Claim(
        PAGE,
        "50 steps from two starts, at {} times the passes of `sharp`, rank nearly as well ({}, {}, {}), "
        "although they leave {} points too much:",
        (passes, *(tau[group, LONG] for group in groups), f"{float(rows.loc[(groups[0], LONG), 'gap']):.0f}"),
    )
    with_it = rows["with audit and strong"]
    yield Claim(
        PAGE,
        "where `strong` is counted among it, its correlation is {}, {} and {}, which",
        tuple(with_it[group, "strong"] for group in groups),
    )


def _fashion(rows: pd.DataFrame) -> Iterator[Claim]:
    cells = pd.DataFrame(rows.astype(float).to_numpy(), index=rows.index)
    seeds = cells.loc[["strong: seed 1", "strong: seed 2"], [1, 4]]
    strong, sharp, later = (cells.loc[name] for name in ("strong", "sharp", "strong: given up later"))
    yield Claim(
        PAGE,
        "by default**: {} points (dense) and {} (a network pruned to 35 %), {} to {} with other seeds, at "
        "{} times the passes of `sharp`, which has {} and {}. Images are given up too soon there: patience "
        "0.9 gives {} and {} at {} times,",
        (
            f"{strong[1]}",
            f"{strong[4]}",
            f"{seeds.min(axis=None):g}",
            f"{seeds.max(axis=None):g}",
            f"{strong[6]:.0f}",
            f"{sharp[1]}",
            f"{sharp[4]}",
            f"{later[1]}",
            f"{later[4]}",
            f"{later[6]:.0f}",
        ),
    )


def _passes() -> Iterator[Claim]:
    """Say what ``strong`` costs, on Fashion-MNIST and on digits, in passes of ``sharp``."""
    fewest, most = (
        round(float(summary(MEANS, title).set_index("attack").loc["strong", "passes"]))
        for title in ("Fashion-MNIST", "Digits, six networks each")
    )
    figures = (count(fewest), count(most))
    yield Claim("docs/what-the-figures-mean.md", "It takes {} to {} times the passes of `sharp`.", figures)
    digits = (str(fewest), str(most))
    yield Claim("docs/how-to/read-an-audit.md", "on digits, for {} to {} times the gradients.", digits)
    yield Claim("docs/concepts/audits.md", "must flatter little | {} to {} times as much |", digits)


def _unseen() -> Iterator[Claim]:
    rows = read("attack_strength/strong/unseen.csv")
    strong, sharp = (rows[rows["candidate"].eq(name)] for name in ("strong", "sharp"))
    cost = [(part["gradients"] + 0.45 * part["forward"]).to_numpy() for part in (strong, sharp)]
    yield Claim(
        PAGE,
        "on validation images: a gap of {} points ({} at most) beside the 37 attacks and itself, where "
        "`sharp` has {}; {} ({} at most) and {} beside the whole audit, which counts the patient `strong` "
        "too. {} times the passes of `sharp`.",
        (
            f"{strong['gap'].mean():.1f}",
            f"{strong['gap'].max():.1f}",
            f"{sharp['gap'].mean():.1f}",
            f"{strong['gap_to_whole'].mean():.1f}",
            f"{strong['gap_to_whole'].max():.1f}",
            f"{sharp['gap_to_whole'].mean():.1f}",
            f"{(cost[0] / cost[1]).mean():.0f}",
        ),
    )
    masks = read("attack_strength/strong/masks.csv")
    gaps = masks[masks["candidate"].eq("strong")]["gap"]
    plain = masks[masks["candidate"].eq("sharp")]["gap"]
    yield Claim(
        PAGE,
        "gaps of {}, {}, {} and {} points, where `sharp` has {} to {}.",
        (*(f"{gap:.1f}" for gap in gaps), f"{plain.min():.0f}", f"{plain.max():.0f}"),
    )


def _whole() -> Iterator[Claim]:
    """Compare with today's audits, which count ``strong`` as their 38th attack."""
    every = read(EVERY)
    wide = every.pivot_table(index="network", columns="candidate", values="robust")
    before = every.groupby("network")["audited"].first()
    now = audits().reindex(wide.index)
    gaps = wide.sub(now, axis=0)
    tau = {name: f"{kendalltau(wide[name], now).statistic:.2f}" for name in wide}
    strong, sharp = gaps["strong"], gaps["sharp"]
    means = f"{percent(before.mean(), 1)}", f"{percent(now.mean(), 1)}"
    yield Claim(
        PAGE,
        "On the 81 networks the worst case falls from {} to {} % on average",
        means,
        holds=len(wide) == 81,
    )
    yield Claim(
        PAGE,
        "leaves {} points too much ({} at most; Kendall {}), 50 steps with 2 starts {} ({}), `sharp` {} "
        "({}).",
        (
            percent(strong.mean(), 1),
            percent(strong.max(), 1),
            tau["strong"],
            percent(gaps[LONG].mean(), 1),
            tau[LONG],
            percent(sharp.mean(), 1),
            tau["sharp"],
        ),
    )
    yield Claim(
        "experiments/methods/README.md",
        "One that judges by `strong` flatters by {} ([attack",
        (percent(strong.mean()),),
    )
    page = "docs/what-the-figures-mean.md"
    yield Claim(
        page,
        "On {} digits networks it leaves {} % standing, `sharp` {} %, and an audit {} %: gaps of {} points "
        "and of {}. (The 37 other attacks of an audit leave {} %;",
        (
            f"{len(wide)}",
            percent(wide["strong"].mean(), 1),
            percent(wide["sharp"].mean(), 1),
            means[1],
            percent(strong.mean()),
            percent(sharp.mean()),
            means[0],
        ),
    )
    yield Claim(
        page,
        "It orders these networks more as the audit does (Kendall {}) than `sharp` ({}).",
        (tau["strong"], tau["sharp"]),
    )
    yield Claim(
        "docs/how-to/read-an-audit.md",
        "**Search with `--attack strong`** if all gaps are too wide: {} points in place of {} on digits,",
        (percent(strong.mean()), percent(sharp.mean())),
    )
