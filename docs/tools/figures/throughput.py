"""How fast evaluation is: figures of experiments/throughput."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from figures.claims import Claim
from figures.reading import percent, read

__all__ = ["claims"]

PAGE = "experiments/throughput/README.md"
KEEP = (1.0, 0.9, 0.7, 0.5)


def claims() -> Iterator[Claim]:
    """Yield what pages say of the time of an evaluation."""
    yield from _stacks(read("throughput/results/stacks.csv"))
    yield from _limit(read("throughput/results/limit.csv").iloc[0])
    yield from _search(read("throughput/results/search.csv").set_index("stack"))
    yield _stops(read("throughput/results/bounds.csv"))
    yield _shares(read("throughput/results/shares.csv"))
    yield _slopes(read("throughput/results/slopes.csv"))
    networks = read("throughput/results/networks.csv")
    standard, sharp = networks["standard_speedup"], networks["sharp_speedup"]
    apart = (networks["peer_robust"] - networks["standard_robust"]).abs()
    yield Claim(
        PAGE,
        "VGG-11 and ResNet-18 on 16 images: `standard` {} to {} times, `sharp` {} to {} times; "
        "the two stacks disagree about {} of {} images, all of the untrained ResNet, where rounding easily "
        "tips a spike.",
        (
            f"{standard.min():.1f}",
            f"{standard.max():.1f}",
            f"{sharp.min():.1f}",
            f"{sharp.max():.0f}",
            f"{(apart * networks['images']).sum():.0f}",
            f"{networks['images'].sum()}",
        ),
        holds=not apart[networks["network"] == "vgg11"].any(),
    )
    training = read("throughput/results/training.csv").pivot(index="epoch", columns="side")
    seconds, loss = training["seconds"], training["loss"]
    yield Claim(
        PAGE,
        "Adversarial training: {} times SpikingJelly's eager step, losses within {} over three epochs.",
        (
            f"{(seconds['eager'] / seconds['ours']).median():.2f}",
            f"{np.ceil(1e4 * (loss['eager'] - loss['ours']).abs().max()) / 1e4:.4f}",
        ),
        holds=len(training) == 3,
    )


def _stacks(rows: pd.DataFrame) -> Iterator[Claim]:
    means = rows.groupby(["problem", "keep"])[["standard_speedup", "sharp_speedup"]].mean()
    apart = (
        rows[["peer_robust", "peer_accuracy"]].to_numpy() - rows[["standard_robust", "accuracy"]].to_numpy()
    )
    yield Claim(
        PAGE,
        "dense Fashion-MNIST network: **{} times** the peer stack",
        (f"{means.loc[('fashion-mnist', 1.0), 'standard_speedup']:.1f}",),
    )
    yield Claim(
        PAGE,
        "the same accuracy and robust accuracy on every one of {} masks. Digits {} times.",
        (f"{len(rows)}", f"{means.loc[('digits', 1.0), 'standard_speedup']:.1f}"),
        holds=bool((abs(apart) < 1e-9).all()),
    )
    fashion, digits = (
        [f"{means.loc[(problem, keep), 'sharp_speedup']:.1f}" for keep in KEEP]
        for problem in ("fashion-mnist", "digits")
    )
    yield Claim(
        PAGE,
        "Fashion-MNIST dense {}, 90 % of filters {}, 70 % {}, 50 % {} times; digits {}, {}, {}, {} times.",
        (*fashion, *digits),
    )
    seconds = rows["sharp_median"]
    yield Claim(
        "docs/concepts/screening.md",
        "on the small networks that ship they take {} to {} milliseconds each",
        (f"{round(1000 * seconds.min(), -1):.0f}", f"{round(1000 * seconds.max(), -2):.0f}"),
    )


def _limit(row: pd.Series) -> Iterator[Claim]:
    def tens(value: float) -> str:
        return f"{round(value, -1):.0f}"

    yield Claim(
        PAGE,
        "**The evaluator takes {} of the time of its bare dense convolutions**, which run at {} GFLOP/s; "
        "torch's matrix product reaches {}, and single layers {} at best.",
        (
            f"{row['evaluator_over_bare']:.2f}",
            tens(row["bare_convolutions_gflops"]),
            tens(row["gemm_gflops"]),
            tens(row["best_convolution_gflops"]),
        ),
    )


def _search(rows: pd.DataFrame) -> Iterator[Claim]:
    ours, whole = rows.loc["ours"], rows.loc["ours, no early stops"]
    peer = rows.loc["peer, from 60 of the same masks"]
    yield Claim(
        PAGE,
        "on Fashion-MNIST, screened, takes {} seconds with early stops, {} times less than the peer stack "
        "({} s from 60 of the same masks, standard error {} %), and {} s without them, {} times less.",
        (
            f"{ours['seconds']:.0f}",
            f"{peer['times_ours']:.1f}",
            f"{peer['seconds']:,.0f}",
            percent(peer["relative_standard_error"]),
            f"{whole['seconds']:.0f}",
            f"{peer['times_ours_without_stops']:.1f}",
        ),
    )
    yield Claim(
        PAGE,
        "Early stops end {} % of the evaluations and save {} % of the time.",
        (percent(ours["stopped"] / ours["evaluations"]), percent(1 - ours["seconds"] / whole["seconds"])),
    )
    yield Claim(
        PAGE,
        "The search's own time is {} % of the whole with screening",
        (percent(ours["own_time_share"], 1),),
    )
    yield Claim(
        PAGE,
        "on Fashion-MNIST it was {} with and {} without after 1,000 masks (one seed).",
        (f"{ours['hypervolume']:.3f}", f"{whole['hypervolume']:.3f}"),
    )


def _shares(rows: pd.DataFrame) -> Claim:
    dense = rows[(rows["problem"] == "fashion-mnist") & (rows["keep"] == 1)]
    total = float((dense["forward_us"] + dense["backward_us"]).sum())
    kind = dense["operation"].str.split().str[0]
    convolving, firing, pooling = kind.isin(["convolve", "stem"]), kind == "fire", kind == "max_pool"
    both = dense["forward_us"] + dense["backward_us"]
    parts = (
        dense["backward_us"][convolving].sum(),
        dense["forward_us"][convolving].sum(),
        both[firing].sum(),
        both[pooling].sum(),
        both[~(convolving | firing | pooling)].sum(),
    )
    return Claim(
        PAGE,
        "of a pass of the dense network under attack, {} % are gradients of convolutions, {} % their sums "
        "forwards, {} % neurons, {} % pools and {} % the rest",
        tuple(percent(part / total) for part in parts),
    )


def _stops(rows: pd.DataFrame) -> Claim:
    volume = rows.pivot(index="seed", columns="early_stops", values="hypervolume")
    gained = volume[True] - volume[False]
    return Claim(
        PAGE,
        "over {} seeds on digits, {} masks each, the median difference is {} ({} better, {} worse, Wilcoxon "
        "p = {});",
        (
            f"{len(gained)}",
            f"{rows['evaluations'].max()}",
            f"{gained.median():.4f}",
            f"{(gained > 0).sum()}",
            f"{(gained < 0).sum()}",
            f"{wilcoxon(gained).pvalue:.2f}",
        ),
    )


def _slopes(rows: pd.DataFrame) -> Claim:
    slope = {
        kind: float(np.polyfit(np.log(part["value"]), np.log(part["seconds"]), 1)[0])
        for kind, part in rows.groupby("varied")
    }
    written = {kind: f"{value:.1f}" for kind, value in slope.items()}
    return Claim(
        PAGE,
        "Time grows with slope {} in images, {} in attack steps, {} in masks, {} in time steps (the first "
        "convolution runs once, weight rows are shared), {} in filters",
        tuple(written[kind] for kind in ("images", "attack steps", "masks", "time steps", "filters")),
    )
