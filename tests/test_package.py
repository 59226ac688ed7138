"""The package as others get it: a wheel, used from an empty folder; light imports; a known surface."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ccsrp
import problems

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel of this checkout is installed, without its dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    run = [sys.executable, "-m"]
    subprocess.run(
        [*run, "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"ccsrp", "problems", f"ccsrp-{ccsrp.__version__}.dist-info"}
    target = folder / "site"
    subprocess.run(
        [*run, "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)],
        check=True,
        capture_output=True,
    )
    return target


def python(code: str, *, cwd: Path, path: Path | None = None) -> str:
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_works_outside_this_repository(installed: Path, empty_folder: Path) -> None:
    code = (
        "import ccsrp, problems\n"
        "p = problems.load_problem('digits', validation_images=20, test_images=10, steps=1)\n"
        "r = ccsrp.search(p, budget=5, subpopulation_size=3)\n"
        "print(ccsrp.__file__, problems.__file__, len(r.front))\n"
    )
    output = python(code, cwd=empty_folder, path=installed)
    assert output.count(str(installed)) == 2
    assert not list(empty_folder.iterdir())


def test_the_package_can_be_run_as_a_module(installed: Path, empty_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ccsrp", "show", "nowhere"],
        cwd=empty_folder,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("ccsrp: nowhere is not a run folder")


def test_the_wheel_holds_the_page_of_reports(installed: Path, empty_folder: Path) -> None:
    code = (
        "from ccsrp.report.html.render import render\n"
        "page = render({}, title='a', lead='b').decode()\n"
        "print(page.startswith('<!doctype html>'), 'function start()' in page, ':root' in page)\n"
    )
    assert python(code, cwd=empty_folder, path=installed).strip() == "True True True"


def test_imports_are_light(tmp_path: Path) -> None:
    code = (
        "import sys, ccsrp, problems\n"
        "from problems import PruningProblem, load_problem, problem_names\n"
        "problem_names()\n"
        "table = problems.TabularPruning('digits-14')\n"
        "table.evaluate(table.pareto_set()), table.max_hypervolume\n"
        "print([name for name in ('torch', 'pandas', 'matplotlib', 'numba') if name in sys.modules])\n"
    )
    assert python(code, cwd=tmp_path).strip() == "[]"


@pytest.mark.parametrize(("before", "policy"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")])
def test_waiting_threads_leave_the_cores_to_others_unless_told(
    before: dict[str, str], policy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    code = "import ccsrp, os; print(os.environ['OMP_WAIT_POLICY'])"
    assert python(code, cwd=tmp_path).strip() == policy


@pytest.mark.parametrize("package", [ccsrp, problems])
def test_every_public_name_exists_and_is_listed(package) -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError):
        _ = package.nonsense


def test_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert version("ccsrp") == ccsrp.__version__


def test_arrows_point_one_way() -> None:
    """What DESIGN says of the rooms: who may not import whom."""
    forbidden = {
        "ccsrp/attack": (
            "ccsrp.snn",
            "ccsrp.evaluation",
            "ccsrp.coevolution",
            "ccsrp.methods",
            "ccsrp.runs",
            "ccsrp.report",
            "ccsrp.export",
        ),
        "ccsrp/snn": (
            "ccsrp.evaluation",
            "ccsrp.coevolution",
            "ccsrp.methods",
            "ccsrp.runs",
            "ccsrp.report",
            "ccsrp.export",
        ),
        "ccsrp/export": (
            "ccsrp.evaluation",
            "ccsrp.coevolution",
            "ccsrp.methods",
            "ccsrp.runs",
            "ccsrp.report",
            "ccsrp.commands",
        ),
        "ccsrp/evaluation": (
            "ccsrp.coevolution",
            "ccsrp.methods",
            "ccsrp.runs",
            "ccsrp.report",
            "ccsrp.export",
        ),
        "ccsrp/decision": (
            "ccsrp.attack",
            "ccsrp.snn",
            "ccsrp.evaluation",
            "ccsrp.coevolution",
            "ccsrp.methods",
            "ccsrp.runs",
            "ccsrp.report",
            "ccsrp.commands",
        ),
        "ccsrp/coevolution": (
            "ccsrp.snn",
            "ccsrp.attack",
            "ccsrp.runs",
            "ccsrp.methods",
            "ccsrp.export",
            "ccsrp.evaluation.spiking",
        ),
        "ccsrp/methods": ("ccsrp.runs", "ccsrp.report", "ccsrp.export", "ccsrp.commands"),
        "ccsrp/runs": ("ccsrp.commands",),
        "ccsrp/report": ("ccsrp.commands", "ccsrp.runs", "ccsrp.methods"),
        "ccsrp": ("problems", "ccsrp.cli", "experiments"),
        "problems": ("ccsrp.cli", "experiments"),
    }
    for folder, others in forbidden.items():
        for file in (ROOT / folder).rglob("*.py"):
            if file == ROOT / "ccsrp" / "__main__.py":  # it is the command line
                continue
            for line in file.read_text().splitlines():
                words = line.split()
                if words[:1] in (["import"], ["from"]):
                    assert not words[1].startswith(others), f"{file}: {line}"


def test_files_stay_small() -> None:
    files = [file for top in ("ccsrp", "problems", "experiments") for file in (ROOT / top).rglob("*.py")]
    assert files
    for file in files:
        assert len(file.read_text().splitlines()) <= 400, file
