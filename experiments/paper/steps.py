"""What an experiment consists of, through the functions that the command line uses."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
from bench import Bench, Step
from measured import measure_rounds
from results import write_results
from rich.markup import escape

from ccsrp.coevolution.rounds import RoundSettings
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError, one_line
from ccsrp.files import write_atomically
from ccsrp.methods.interface import FineTuning, PrunableProblem
from ccsrp.report.progress.lines import Lines
from ccsrp.runs.comparison import ComparisonSettings, run_comparison, write_report
from ccsrp.runs.comparison_audit import audit_networks
from ccsrp.runs.config import RunConfig
from ccsrp.runs.plan import RoundPlan
from ccsrp.runs.searching import search_into
from ccsrp.runs.training import run_training

__all__ = ["steps_of"]


def steps_of(bench: Bench) -> list[Step]:
    """List the steps of one experiment in the order in which they need each other."""
    plan, folder = bench.plan, bench.folder
    searches = [
        Step(
            "search as the paper",
            folder / "paper" / "front.csv",
            partial(search_as_the_paper, bench, folder / "paper"),
        )
    ]
    for target in plan.targets:
        place = folder / f"rounds-{target:g}"
        searches.append(
            Step(f"our rounds to {target:g}", place / "front.csv", partial(search_ours, bench, place, target))
        )
    in_rounds, comparison = folder / "in_rounds", folder / "comparison"
    return [
        Step("train the base", bench.weights, partial(train, bench)),
        *searches,
        Step(
            "measure networks of rounds",
            in_rounds / "measured.csv",
            partial(measure_rounds, bench, in_rounds),
        ),
        Step("compare methods", comparison / "summary.md", partial(compare, bench, comparison)),
        Step("audit", folder / "networks.csv", partial(audit, bench, (in_rounds, comparison))),
        Step("tables", folder / "splice_gap.csv", partial(write_results, bench)),
    ]


def train(bench: Bench) -> None:
    """Train the base, from its checkpoint if there is one."""
    plan = bench.plan
    bench.weights.parent.mkdir(exist_ok=True)
    run_training(
        bench.kind,
        bench.weights.parent,
        settings=plan.training(),
        attack_steps=plan.training_steps,
        images=plan.base_images,
        network=bench.experiment.network,
        data_dir=bench.data_dir,
        device=bench.device,
        on_batch=lambda done, total: bench.shown.show(done, total, "batches of this epoch"),
        on_epoch=lambda report: bench.shown.line(
            f"  epoch {report.epoch}/{plan.base_epochs}: loss {report.loss:.4f}, "
            f"training acc. {report.accuracy:.4f}"
        ),
    )


def search_as_the_paper(bench: Bench, folder: Path) -> None:
    """Search as reconstructed: layers alone, spliced, fine-tuned, in small steps."""
    problem = bench.problem(test_images=bench.plan.front_images)
    settings = bench.plan.paper_search(problem.space.n_layers)
    tuning = bench.plan.tuning(bench.plan.paper_epochs, taught=False)
    _search(bench, folder, problem, settings, bench.plan.paper_rounds_to_go(), tuning)


def search_ours(bench: Bench, folder: Path, target: float) -> None:
    """Search whole networks in company, screened, and go on with the best within the cost."""
    problem = bench.problem(test_images=bench.plan.front_images)
    rounds = bench.plan.our_rounds_to(target)
    tuning = bench.plan.tuning(bench.plan.our_epochs)
    _search(bench, folder, problem, bench.plan.our_search(), rounds, tuning)


def _search(
    bench: Bench,
    folder: Path,
    problem: PrunableProblem,
    settings: SearchSettings,
    rounds: RoundSettings,
    tuning: FineTuning,
) -> None:
    # A search that was interrupted begins anew: it writes the same files again, its front last.
    folder.mkdir(exist_ok=True)
    plan = RoundPlan(rounds, tuning)
    config = RunConfig.of(
        bench.experiment.dataset,
        bench.options(test_images=bench.plan.front_images),
        settings,
        problem,
        rounds=plan.described(problem.attack),
    )
    shown = Lines(lambda line: bench.shown.line(f"  {escape(line)}"))
    search_into(folder, problem, settings, config, plan=plan, shown=shown)  # type: ignore[arg-type]


def compare(bench: Bench, folder: Path) -> None:
    """Compare methods; one that cannot reach a target is noted, and the others go on without it."""
    problem = bench.problem(test_images=bench.plan.test_images)
    options = bench.options(test_images=bench.plan.test_images)
    described = {"name": bench.experiment.dataset} | {key: str(value) for key, value in options.items()}
    folder.mkdir(exist_ok=True)
    made: list[str] = []
    table = pd.DataFrame()
    for name in bench.plan.methods:
        note = folder / f"{name}-was-not-made.txt"
        if note.exists():
            continue
        settings = ComparisonSettings(
            methods=(*made, name),
            targets=bench.plan.targets,
            budget=bench.plan.our_budget,
            tuning=bench.plan.tuning(bench.plan.method_epochs),
        )
        try:
            table = run_comparison(
                problem,
                settings,
                folder,
                described=described,
                on_network=lambda line: bench.shown.line(f"  {line}"),
                on_epoch=lambda report, total: bench.shown.show(
                    report.epoch, total, "epochs of this training"
                ),
            )
        except OptionError as error:
            write_atomically(note, f"{one_line(error)}\n".encode())
            bench.shown.line(f"  {name}: {error}")
        else:
            made.append(name)
    if not made:
        raise OptionError(f"no method reached all targets (see {folder}); choose other targets in plan.py")
    write_report(table, folder)


def audit(bench: Bench, folders: tuple[Path, ...]) -> None:
    """Audit all networks, and write one table of them."""
    problem = bench.problem(test_images=bench.plan.test_images)
    tables = []
    for folder in folders:
        file = folder / ("measured.csv" if (folder / "measured.csv").exists() else "table.csv")
        table = pd.read_csv(file, dtype={"mask": str})
        # An interrupted step may have written the columns already.
        known = ["audited_robust_accuracy", "audit_gap", "masked_gradients"]
        tables.append(
            audit_networks(
                problem,
                table.drop(columns=[name for name in known if name in table]),
                folder,
                images=bench.plan.audit_images,
                settings=bench.plan.audit,
                on_audit=lambda name, done, total: bench.shown.show(done, total, f"attacks on {name}"),
            )
        )
        bench.shown.line(f"  {len(table)} networks of {folder.name} audited")
    joined = pd.concat([table for table in tables if len(table)], ignore_index=True)
    write_atomically(bench.folder / "networks.csv", joined.to_csv(index=False).encode())
