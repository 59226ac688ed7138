"""Every Python example of the README and the docs is run, and so is the tutorial; no command is made up."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import ccsrp
import problems
from ccsrp.cli import app
from tests.conftest import Ended

ROOT = Path(__file__).parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINKING = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("experiments/*/README.md")]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# Written by scripts; what each of them writes.
WRITTEN = {"command_line": "reference/command-line.md", "benchmarks": "benchmarks.md"}


def modules() -> list[str]:
    found = []
    for package in (ccsrp, problems):
        found += [info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return found


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page != TUTORIAL and BLOCK.search(page.read_text())],
    ids=lambda p: p.name,
)
def test_examples_run(page: Path, empty_folder: Path) -> None:
    names: dict[str, object] = {}
    for block in BLOCK.findall(page.read_text()):
        exec(compile(block, str(page), "exec"), names)


@pytest.fixture
def own_modules(monkeypatch: pytest.MonkeyPatch, empty_folder: Path) -> Iterator[None]:
    """Forget what is imported from this folder, and that it was looked for there."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).resolve().is_relative_to(empty_folder.resolve()):
            del sys.modules[name]


def test_the_tutorial_runs_from_end_to_end(
    command: Callable[..., Ended], empty_folder: Path, own_modules: None
) -> None:
    """Its ``sh`` and ``python`` blocks, in their order, as a reader would."""
    names: dict[str, object] = {}
    for kind, block in STEP.findall(TUTORIAL.read_text()):
        if kind == "python":
            exec(compile(block, str(TUTORIAL), "exec"), names)
            continue
        for line in block.splitlines():
            name, *arguments = shlex.split(line)
            assert name == "ccsrp"
            ended = command(*arguments, cwd=empty_folder)
            assert ended.returncode == 0, ended.stderr
    assert (empty_folder / "run" / "report.html").exists()
    assert (empty_folder / "deployed" / "MODEL_CARD.md").exists()


def command_lines(page: str) -> tuple[set[str], set[str]]:
    """Find what a page has as code that calls ccsrp, and what its text names of such calls."""
    text = page.replace("\\\n", " ")
    code = [line for kind, block in FENCE.findall(text) if kind in ("", "sh") for line in block.splitlines()]
    prose = FENCE.sub("", text)
    code += [line for line in prose.splitlines() if line.startswith("    ")]
    named = re.findall(r"`(ccsrp [^`]+)`", " ".join(prose.split()))
    whole, part = ({line.strip() for line in lines} for lines in (code, named))
    return {line for line in whole if line.startswith("ccsrp ")}, part


def what_is_wrong(line: str, *, whole: bool) -> str:
    """Say what the command line would refuse of a call, without making it; nothing if it is right.

    Words in capitals stand for something, dots for what was left out.
    """
    words = shlex.split(line, comments=True)[1:]
    name, *arguments = [word for word in words if not re.fullmatch(r"\.+|\[[A-Z]+\]", word)]
    commands = get_command(app).commands
    if name.startswith("-") or name.isupper():
        return ""
    if name not in commands:
        return f"there is no command {name}"
    try:
        commands[name].make_context(name, [*arguments])
    except Exception as error:
        wrong, stands_for = type(error).__name__, any(word.isupper() for word in arguments)
        forgiven = {"MissingParameter": not whole or "..." in line, "BadParameter": stands_for}
        return "" if forgiven.get(wrong) else repr(error)
    return ""


@pytest.mark.parametrize("page", LINKING, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_line_in_the_docs_is_one(page: Path) -> None:
    whole, part = command_lines(page.read_text())
    wrong = {line: what_is_wrong(line, whole=line in whole) for line in sorted(whole | part)}
    assert not {line: why for line, why in wrong.items() if why}


def test_wrong_command_lines_would_be_found() -> None:
    text = (
        "Say `ccsrp nonsense` or\n\n    ccsrp search digits --budgte 3\n    ccsrp resume\n\nor `ccsrp audit`."
    )
    whole, part = command_lines(text)
    wrong = {line for line in whole | part if what_is_wrong(line, whole=line in whole)}
    assert len(whole | part) == 4
    assert wrong == {"ccsrp nonsense", "ccsrp search digits --budgte 3", "ccsrp resume"}
    assert not what_is_wrong("ccsrp finetune DIR --member ID --epochs 3", whole=True)
    assert what_is_wrong("ccsrp finetune run --member three", whole=True)


@pytest.mark.parametrize("script", WRITTEN)
def test_written_pages_are_those_that_their_scripts_write(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If not: run docs/tools/SCRIPT.py."""
    monkeypatch.syspath_prepend(ROOT / "docs" / "tools")
    page = runpy.run_path(str(ROOT / "docs" / "tools" / f"{script}.py"))["page"]
    assert (ROOT / "docs" / WRITTEN[script]).read_text() == page()


@pytest.mark.parametrize("page", LINKING, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_table_stands_in_a_list(page: Path) -> None:
    """The site ends the list there, and its further items run together."""
    assert not re.findall(r"^ {1,3}\|.*", page.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", modules())
def test_doctests_pass(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("page", LINKING, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
