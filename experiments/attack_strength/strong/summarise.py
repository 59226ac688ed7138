"""Lay out what ``run.py`` measured.

python experiments/attack_strength/strong/summarise.py    (reads *.csv, writes summary.md)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

HERE = Path(__file__).parent
ATTACKS = ("sharp", "sharp, 50 steps, 2 starts", "strong")


def relative(rows: pd.DataFrame) -> pd.DataFrame:
    """Add passes and seconds, in those of ``sharp`` on the same network."""
    sharp = rows[rows["candidate"].eq("sharp")].set_index("network")
    # On these networks a pass forwards costs 0.45 of one that brings a gradient.
    cost = rows["gradients"] + 0.45 * rows["forward"]
    base = (sharp["gradients"] + 0.45 * sharp["forward"]).reindex(rows["network"]).to_numpy()
    seconds = sharp["seconds"].reindex(rows["network"]).to_numpy()
    return rows.assign(passes=cost / base, time=rows["seconds"] / seconds)


def candidate_table(rows: pd.DataFrame, groups: dict[str, pd.Series]) -> str:
    """Lay out means over each group of networks, a row a candidate."""
    head = "".join(f" {name}: above audit | gap | most |" for name in groups)
    lines = [f"| attack |{head} passes | seconds |", "| --- |" + " --- |" * (3 * len(groups) + 2)]
    for candidate, part in rows.groupby("candidate", sort=False):
        cells = []
        for chosen in groups.values():
            group = part[chosen[part.index]]
            means = group[["above_audit", "gap"]].mean()
            cells += [f"{means['above_audit']:.1f}", f"{means['gap']:.1f}", f"{group['gap'].max():.1f}"]
        cells += [f"{part['passes'].mean():.1f}", f"{part['time'].median():.1f}"]
        lines.append(f"| {candidate} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ahead(part: pd.DataFrame, attack: str) -> str:
    """Say by how much Kendall's correlation of ``strong`` is above another's: 95 % of bootstrap samples."""
    rng, found = np.random.default_rng(0), []
    for _ in range(1000):
        drawn = part.iloc[rng.integers(0, len(part), len(part))]
        one, other = (kendalltau(drawn[name], drawn["audited"]).statistic for name in ("strong", attack))
        found.append(one - other)
    low, high = np.percentile(found, [2.5, 97.5])
    return f"{low:.2f} to {high:.2f}"


def ranking_table(rows: pd.DataFrame, seen: set[str]) -> str:
    """Correlate each attack's figure with the audit's; the networks ``seen`` before are left out once."""
    wide = rows.pivot_table(index="network", columns="candidate", values="robust")
    wide["audited"] = rows.groupby("network")["audited"].first()
    # What is left by the audit and the strong attack together.
    strong = rows[rows["candidate"].eq("strong")].set_index("network")
    wide["union"] = strong["robust"] - strong["gap"] / 100
    every = pd.Series(True, index=wide.index)
    unseen = pd.Series(~wide.index.isin(list(seen)), index=wide.index)
    groups = {"all": every, "not among the twelve": unseen} | {
        f"target {share}": pd.Series(wide.index.str.endswith(f"-{share}"), index=wide.index)
        for share in ("0.5", "0.35")
    }
    lines = [
        "| networks | attack | mean | audit | gap | most "
        "| Kendall with audit | strong ahead by | with audit and strong |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    gaps = rows.pivot_table(index="network", columns="candidate", values="gap")
    for name, chosen in groups.items():
        part = wide[chosen]
        for attack in ATTACKS:
            taus = [kendalltau(part[attack], part[yard]).statistic for yard in ("audited", "union")]
            gap, means = gaps.loc[part.index, attack], part.mean()
            lead = "" if attack == "strong" else ahead(part, attack)
            lines.append(
                f"| {name} ({len(part)}) | {attack} | {means[attack]:.3f} | {means['audited']:.3f} "
                f"| {gap.mean():.1f} | {gap.max():.1f} | {taus[0]:.2f} | {lead} | {taus[1]:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Write summary.md."""
    rows = relative(pd.read_csv(HERE / "candidates.csv"))
    roles = {role: rows["role"].eq(role) for role in ("tuning", "confirming")}
    sections = ["# Digits, six networks each", candidate_table(rows, roles)]
    if (HERE / "every.csv").exists():
        every = relative(pd.read_csv(HERE / "every.csv"))
        sections += [
            "# Every network of the comparison on digits",
            ranking_table(every, set(rows["network"])),
        ]
    if (HERE / "fashion-mnist.csv").exists():
        fashion = relative(pd.read_csv(HERE / "fashion-mnist.csv"))
        groups = {name: fashion["network"].eq(name) for name in fashion["network"].unique()}
        sections += ["# Fashion-MNIST", candidate_table(fashion, groups)]
    if (HERE / "masks.csv").exists():
        masks = relative(pd.read_csv(HERE / "masks.csv"))
        lines = ["| filters kept | attack | robust | audit | above audit | gap |", "| --- |" + " --- |" * 5]
        lines += [
            f"| {row.network} | {row.candidate} | {row.robust:.3f} | {row.audited:.3f} "
            f"| {row.above_audit:.1f} | {row.gap:.1f} |"
            for row in masks.itertuples()
        ]
        sections += ["# Random masks of digits, not fine-tuned", "\n".join(lines)]
    (HERE / "summary.md").write_text("\n\n".join(sections) + "\n")


if __name__ == "__main__":
    main()
