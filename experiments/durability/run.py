"""Kill searches on digits at random moments, resume them, and compare with searches that nobody killed.

    python experiments/durability/run.py --trials 100

writes kills.csv (a row a search), and goes on where it was if it is stopped itself.
"""

from __future__ import annotations

import argparse
import csv
import filecmp
import importlib
import multiprocessing
import os
import platform
import shutil
import sqlite3
import sys
import time
from multiprocessing.context import ForkProcess
from pathlib import Path

import numpy as np

from ccsrp.cli import main

# What commands import when they run; done once here, before processes are forked.
for module in (
    "ccsrp.evaluation.spiking",
    "ccsrp.report.front",
    "ccsrp.report.terminal",
    "ccsrp.runs.resuming",
    "ccsrp.runs.searching",
    "matplotlib.figure",
    "problems.digits",
):
    importlib.import_module(module)

HERE = Path(__file__).parent
SMALL = ("--steps", "2", "--validation-images", "60", "--test-images", "40")
VARIANTS = {
    "screened": ("--budget", "100"),
    "every candidate, early stops": ("--budget", "160", "--screen", "none"),
    "two rounds": (
        "--budget",
        "40",
        "--rounds",
        "2",
        "--target-cost",
        "0.5",
        "--epochs",
        "2",
        "--images",
        "128",
    ),
}
COMPARED = ("front.csv", "history.csv", "config.toml", "rounds.csv")
COLUMNS = (
    "trial",
    "variant",
    "seed",
    "killed_after_seconds",
    "evaluations_at_kills",
    "evaluations_in_the_end",
    "masks_paid_for_twice",
    "lost_evaluations",
    "identical",
)


def command(*arguments: str) -> ForkProcess:
    """Run a command in a process that begins where all imports are done: with what there is to lose."""
    process = multiprocessing.get_context("fork").Process(target=_command, args=(arguments,))
    process.start()
    return process


def _command(arguments: tuple[str, ...]) -> None:
    sys.argv = ["ccsrp", *arguments]
    with Path(os.devnull).open("w") as sys.stdout:
        main()


def finished(process: ForkProcess, *, within: float | None = None) -> bool:
    """Wait for a process to end well; kill it after a time."""
    process.join(within)
    if process.exitcode is None:
        process.kill()  # SIGKILL: nothing in the process can see it
        process.join()
        return False
    if process.exitcode:
        raise RuntimeError(f"a command ended with status {process.exitcode}")
    return True


def stored(folder: Path) -> list[tuple[int, int, bytes]]:
    """Read what a store holds of masks: (round, generation, mask), each as often as it was paid for."""
    if not (folder / "run.sqlite").exists():
        return []
    connection = sqlite3.connect(folder / "run.sqlite")
    try:
        return connection.execute("SELECT round, generation, mask FROM evaluations ORDER BY id").fetchall()
    finally:
        connection.close()


def go_on(folder: Path, arguments: tuple[str, ...]) -> ForkProcess:
    """Resume the search, or begin it if it was killed before it began."""
    if (folder / "run.sqlite").exists():
        return command("resume", str(folder))
    return command("search", "digits", "--out", str(folder), *arguments)


def trial(number: int, work: Path) -> dict[str, object]:
    name = list(VARIANTS)[number % len(VARIANTS)]
    seed = number // len(VARIANTS) % 3
    arguments = ("--seed", str(seed), *SMALL, *VARIANTS[name])
    whole, folder = work / f"whole-{number % len(VARIANTS)}-{seed}", work / "killed"
    took = whole / "seconds.txt"
    if not took.exists():
        shutil.rmtree(whole, ignore_errors=True)
        began = time.perf_counter()
        finished(command("search", "digits", "--out", str(whole), *arguments))
        took.write_text(str(time.perf_counter() - began))
    shutil.rmtree(folder, ignore_errors=True)
    rng = np.random.default_rng(number)
    kills: list[float] = []
    known: list[list[tuple[int, int, bytes]]] = []
    # One kill at least, and each life has the same chance to be cut again.
    while len(kills) == 0 or rng.random() < 0.3:
        after = float(rng.random() * float(took.read_text()))
        if finished(go_on(folder, arguments), within=after):
            if kills:
                break
            shutil.rmtree(folder)  # it was faster than the one before it
            continue
        kills.append(round(after, 2))
        known.append(stored(folder))
        if (folder / "front.csv").exists():
            break
    finished(go_on(folder, arguments))
    end = stored(folder)
    lost = sum(1 for life in known for row in life if row not in set(end))
    files = [file for file in COMPARED if (whole / file).exists()]
    _, differ, missing = filecmp.cmpfiles(whole, folder, files, shallow=False)
    weights = sorted(file.name for file in (whole / "rounds").glob("*"))
    _, differ_too, missing_too = filecmp.cmpfiles(whole / "rounds", folder / "rounds", weights, shallow=False)
    return {
        "trial": number,
        "variant": name,
        "seed": seed,
        "killed_after_seconds": " ".join(map(str, kills)),
        "evaluations_at_kills": " ".join(str(len(life)) for life in known),
        "evaluations_in_the_end": len(end),
        "masks_paid_for_twice": len(end) - len(set(end)),
        "lost_evaluations": lost,
        "identical": not (differ or missing or differ_too or missing_too),
    }


def study() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--work", type=Path, default=Path("runs/durability"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    table = options.out / "kills.csv"
    done = len(table.read_text().splitlines()) - 1 if table.exists() else 0
    print(f"{platform.processor() or platform.machine()}, {done} of {options.trials} done")
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not done:
            writer.writeheader()
        for number in range(max(0, done), options.trials):
            row = trial(number, options.work)
            writer.writerow(row)
            file.flush()
            print(row, flush=True)


if __name__ == "__main__":
    study()
