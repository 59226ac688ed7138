"""How good the search is: figures of experiments/search_quality."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import pandas as pd

from figures.claims import Claim, Rows
from figures.reading import count, read, summary

__all__ = ["claims"]

PAGE, CONCEPT = "experiments/search_quality/README.md", "docs/concepts/screening.md"
MEANS = "search_quality/summary.md"
OURS, UNSCREENED, CHANCE = "ours", "ours-unscreened", "random"
FLAT = {"nsga2": "flat NSGA-II, 50", "nsga2-20": "flat NSGA-II, 20"}
NAMES = {"moead": "MOEA/D", "sms-emoa": "SMS-EMOA", "nsga2-20": "NSGA-II, 20", "age-moea": "AGE-MOEA"}
NAMES |= {"sparse-ea": "SparseEA", "spea2": "SPEA2", "nsga2": "NSGA-II, 50", "nsga3": "NSGA-III"}
TABLES = ("digits-14", "digits-16")
GENERATION = 40


class Study:
    """Rows of one problem, and their medians over seeds."""

    def __init__(self, name: str) -> None:
        rows = read(f"search_quality/results/{name}.csv")
        self.seeds = rows.groupby("algorithm").size()
        self.medians = rows.groupby("algorithm").median(numeric_only=True)
        self.others = self.medians.drop([OURS, UNSCREENED])
        self.a12 = summary(MEANS, name).drop_duplicates("algorithm").set_index("algorithm")["A12 of ours"]

    def ours(self, column: str) -> float:
        """Return our median."""
        return float(self.medians.loc[OURS, column])

    def shares(self, algorithm: str, budgets: tuple[int, ...]) -> list[float]:
        """Return the medians of an algorithm's shares of the hypervolume."""
        return [float(self.medians.loc[algorithm, f"share_{budget}"]) for budget in budgets]

    def leads(self) -> bool:
        """Say whether nobody's median share is above ours at any budget."""
        shares = self.medians.filter(like="share_")
        return bool((shares.loc[OURS] >= shares.max() - 1e-6).all())


def claims() -> Iterator[Claim | Rows]:
    """Yield what pages say of the search."""
    tables = {name: Study(name) for name in TABLES}
    yield _evaluations(tables)
    pathways = Study("pathways-1e3")
    budgets = (250, 500, 1000, 2000)
    next_best = [float(pathways.medians.drop(OURS)[f"share_{budget}"].max()) for budget in budgets]
    yield Claim(
        PAGE,
        "at every budget that it has been run to: {}, {}, {} and {} of the true hypervolume at 250, 500, "
        "1,000 and 2,000, where the next best has {}, {}, {} and {}.",
        tuple(f"{share:.2f}" for share in (*pathways.shares(OURS, budgets), *next_best)),
    )
    yield _large(Study("pathways-1e4"))
    yield from _effects(tables)
    yield from _digits(Study("digits"))
    yield Claim(
        PAGE,
        "ours finds three quarters after 2,000 evaluations, the others less than {} after 4,000.",
        (f"{ceil(100 * pathways.others['share_4000'].max()) / 100:.2f}",),
        holds=abs(pathways.ours("share_2000") - 0.75) < 0.01,
    )
    yield from _overhead(read("search_quality/results/overhead.csv").pivot(index="side", columns="bits"))


def _evaluations(tables: dict[str, Study]) -> Rows:
    rows = []
    for name, study in tables.items():
        for share in ("95", "99"):
            column = f"to_{share}"
            others = study.others.drop("nsga2")[column]
            best = str(others.idxmin())
            words = f"{name}, to {share} %" + (" of the true hypervolume" if not rows else "")
            rows.append(
                (
                    words,
                    f"**{study.ours(column):,.0f}**",
                    *(f"{study.medians.loc[flat, column]:,.0f}" for flat in FLAT),
                    f"{others.min():,.0f} ({NAMES[best]})",
                )
            )
    seeds = {int(study.seeds[OURS]) for study in tables.values()}
    heads = (f"median evaluations, {max(seeds)} seeds", OURS, *FLAT.values(), "best of the others")
    return Rows(PAGE, "**What it shows**", heads, tuple(rows))


def _large(study: Study) -> Claim:
    budgets = (100, 250, 500, 1000)
    return Claim(
        PAGE,
        "On pathways of 10,000 filters ours is first at every budget as well: {}, {}, {} and {} of the true "
        "hypervolume at 100, 250, 500 and 1,000, where the next best, chance each time, has {}, {}, {} and "
        "{} (A12 {}).",
        (
            *(f"{share:.3f}" for share in study.shares(OURS, budgets)),
            *(f"{share:.3f}" for share in study.shares(CHANCE, budgets)),
            study.a12[CHANCE],
        ),
        holds=study.leads()
        and all(study.others[f"share_{budget}"].idxmax() == CHANCE for budget in budgets)
        and int(study.seeds[OURS]) == 15,
    )


def _effects(tables: dict[str, Study]) -> Iterator[Claim]:
    yield Claim(
        PAGE,
        "On both tables ours has the best median hypervolume at every budget from 100 to 4,000",
        holds=all(study.leads() for study in tables.values()),
    )
    least = {
        name: study.a12[study.a12.ne("")].str.split(" to ").str[0].astype(float)
        for name, study in tables.items()
    }
    ahead = min(float(part.drop("sparse-ea").min()) for part in least.values())
    yield Claim(
        PAGE,
        "Effect sizes (A12) against every other are {} and above, but for digits-14 at 4,000, where "
        "SparseEA nearly draws level ({}).",
        (f"{ahead:.2f}", f"{least['digits-14']['sparse-ea']:.2f}"),
    )


def _digits(study: Study) -> Iterator[Claim]:
    many = study.seeds[study.seeds > 1]
    at_end = study.others["share_1000"]
    rest = at_end.drop(CHANCE)
    yield Claim(
        PAGE,
        "On the 80-filter digits network, {} or {} seeds of each of {} so far: after 1,000 evaluations ours "
        "has {} of the best known hypervolume (to which all these runs contributed), the other algorithms "
        "{} to {} (ours unscreened, one seed, {}), chance {}. After 250 it has {}, more than any other "
        "after 1,000; A12 is 1.00 against each.",
        (
            count(int(many.min())),
            count(int(many.max())),
            count(len(many)),
            f"{study.ours('share_1000'):.2f}",
            f"{rest.min():.2f}",
            f"{rest.max():.2f}",
            f"{study.medians.loc[UNSCREENED, 'share_1000']:.2f}",
            f"{at_end[CHANCE]:.2f}",
            f"{study.ours('share_250'):.2f}",
        ),
        holds=study.ours("share_250") > study.medians.drop(OURS)["share_1000"].max()
        and set(study.a12[study.a12.ne("")]) == {"1.00 to 1.00"},
    )


def _overhead(rows: pd.DataFrame) -> Iterator[Claim | Rows]:
    taken = rows["milliseconds"]
    sides = {
        "pymoo's flat NSGA-II": "pymoo NSGA-II, flat",
        "ours, unscreened": "ours, unscreened",
        "ours, screened": "ours, screened",
    }
    cells = tuple(
        (
            words,
            *(
                "not measured" if pd.isna(ms) else f"{ms:,.1f}" if ms < 10 else f"{ms:,.0f}"
                for ms in taken.loc[side]
            ),
        )
        for words, side in sides.items()
    )
    first, *others = taken.columns
    heads = (
        f"milliseconds a generation of {GENERATION}",
        f"{first:,} filters",
        *(f"{bits:,}" for bits in others),
    )
    yield Rows(PAGE, "(`results/overhead.csv`):", heads, cells)
    large = [bits for bits in taken.columns if bits >= 10_000]
    cheaper = bool((taken.loc["ours, unscreened", large] < taken.loc["pymoo NSGA-II, flat", large]).all())
    yield Claim(PAGE, "where the flat one has one; from 10,000 filters on it is cheaper.", holds=cheaper)
    yield Claim(
        "docs/concepts/coevolution.md",
        "and costs less from 10,000 filters on; the lead comes from [screening]",
        holds=cheaper,
    )
    screened = taken.loc["ours, screened"]
    yield Claim(
        CONCEPT,
        "About {} ms an evaluation on one thread, {} s a generation at 10,000 filters.",
        (f"{screened[100] / GENERATION:.0f}", f"{screened[10_000] / 1000:.0f}"),
    )
    yield Claim(
        "docs/how-to/scale-out.md",
        "A search with screening spends about {} ms of its own on each evaluation",
        (f"{screened[100] / GENERATION:.0f}",),
    )
