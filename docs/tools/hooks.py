"""What mkdocs is told of this repository: pages keep the places, and so the links, that they have in it.

Each page of the site has its path from the repository's root, so ``../experiments/methods/README.md`` leads
from a page of docs to the study, on the site as in the repository, and ``mkdocs build --strict`` checks it.
The README is the first page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**/*.md", "experiments/*/README.md")
ASSETS = ("docs/tools/*.css", "docs/tools/*.js")
LINK = re.compile(r"\]\(([^)#\s]+)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Replace what lies in docs/ by the repository's pages and all that they link to."""
    theme = [file for file in files if file.abs_src_path is None or not _inside(Path(file.abs_src_path))]
    found = {path: None for pattern in (*PAGES, *ASSETS) for path in sorted(ROOT.glob(pattern))}
    ahead = list(found)
    while ahead:
        new = [target for target in _targets(ahead.pop()) if target not in found]
        found |= dict.fromkeys(new)
        ahead += new
    return Files([*theme, *(_file(path, config) for path in found)])


def on_page_markdown(_markdown: str, *, page: Page, **_: object) -> None:
    """Give pages that stand alone in the navigation the room of the list beside them."""
    if page.parent is None:
        page.meta.setdefault("hide", ["navigation"])


def _inside(path: Path) -> bool:
    return path.is_relative_to(ROOT / "docs")


def _targets(path: Path) -> list[Path]:
    """List the files of the repository that a page links to or shows."""
    if path.suffix != ".md":
        return []
    targets = [(path.parent / target).resolve() for target in LINK.findall(path.read_text(encoding="utf-8"))]
    return [target for target in targets if target.is_file() and target.is_relative_to(ROOT)]


def _file(path: Path, config: MkDocsConfig) -> File:
    place = path.relative_to(ROOT).as_posix()
    return File(place, str(ROOT), config.site_dir, config.use_directory_urls)
