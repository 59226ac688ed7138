"""The paper's experiments: spiking VGG-16 and ResNet-18 on CIFAR-10 and SVHN, from download to table.

    python experiments/paper/run.py --estimate
    python experiments/paper/run.py --out runs/paper

A run that was interrupted goes on with its first unfinished step.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

from bench import Bench
from plan import EXPERIMENTS, FULL, QUICK, Experiment
from results import join_results
from rich.console import Console
from steps import steps_of

from ccsrp.checks import checked_device
from ccsrp.errors import CcsrpError
from ccsrp.report.terminal import Steps
from ccsrp.report.terminal import steps as progress_steps

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main() -> None:
    """Run or estimate; wrong input ends it with one line and status 2."""
    arguments = _parser().parse_args()
    try:
        _run(arguments)
    except CcsrpError as error:
        print(f"paper: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("paper: interrupted; the same command goes on", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--out", type=Path, default=Path("runs/paper"), help="folder of all results")
    parser.add_argument(
        "--data-dir", type=Path, help="data sets; downloads go there [default: ~/.cache/ccsrp]"
    )
    parser.add_argument("--device", help="cpu or cuda [default: cuda where there is one]")
    parser.add_argument(
        "--only", metavar="DATASET/NETWORK", action="append", default=[], help="this experiment; repeatable"
    )
    parser.add_argument("--quick", action="store_true", help="a rehearsal: every step on a handful of images")
    parser.add_argument("--made-images", action="store_true", help="made images in place of the data sets")
    parser.add_argument(
        "--estimate", action="store_true", help="measure shortly, say hours and memory, and run nothing"
    )
    return parser


def _run(arguments: argparse.Namespace) -> None:
    plan = QUICK if arguments.quick else FULL
    experiments = tuple(Experiment.named(name) for name in arguments.only) or EXPERIMENTS
    device = checked_device(arguments.device)
    # torchattacks and torchvision warn of things that are theirs to mend.
    warnings.filterwarnings("ignore", module="torchattacks|torchvision")
    if arguments.estimate:
        from estimate import estimate

        print(estimate(experiments, plan, device=device))
        return
    with progress_steps(Console()) as shown:
        benches = [
            Bench(
                experiment=experiment,
                plan=plan,
                out=arguments.out,
                data_dir=arguments.data_dir,
                device=device,
                made=arguments.made_images,
                shown=shown,
            )
            for experiment in experiments
        ]
        _work(benches, shown)
    print(join_results(arguments.out, experiments))
    print(f"  {arguments.out / 'table.csv'}  one row a network")
    print(f"  {arguments.out / 'splice_gap.csv'}  one row a round")


def _work(benches: list[Bench], shown: Steps) -> None:
    for bench in benches:
        bench.check()
    unfinished = [bench for bench in benches if not all(step.done for step in steps_of(bench))]
    # Whatever is to be downloaded is here before hours are spent.
    for bench in {bench.experiment.dataset: bench for bench in unfinished}.values():
        bench.kind.dataset(data_dir=bench.data_dir)
    for bench in benches:
        bench.claim()
        for step in steps_of(bench):
            if step.done:
                shown.line(f"{bench.experiment.name}: {step.name}: done before")
                continue
            began = time.perf_counter()
            shown.line(f"{bench.experiment.name}: {step.name}")
            step.run()
            shown.line(f"  took {(time.perf_counter() - began) / 3600:.3f} h")


if __name__ == "__main__":
    main()
