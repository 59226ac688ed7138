"""A real browser for tests of pages: Debian's chromium, without a screen, drawing WebGL in software."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")


@contextmanager
def browser() -> Iterator[Any]:
    """Start a browser, or skip with the reason."""
    missing = "playwright is not installed (ccsrp[test])"
    playwright = pytest.importorskip("playwright.sync_api", reason=missing)
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian package chromium)")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *SOFTWARE])
        yield opened
        opened.close()


class Visit:
    """A page that was opened from a file, and all that it did that it should not."""

    def __init__(self, opened: Any, file: Path, **how: Any) -> None:
        self.context = opened.new_context(**how)
        self.wrong: list[str] = []
        self.context.route(lambda url: not url.startswith(("file:", "data:", "blob:")), self._refused)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda shown: (self.wrong.append(shown.message), shown.dismiss()))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready]")

    def _refused(self, route: Any) -> None:
        self.wrong.append(f"a request to {route.request.url}")
        route.abort()

    def ask(self, script: str, argument: object = None) -> Any:
        """Run JavaScript in the page."""
        return self.page.evaluate(script, argument)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def draw_all(self) -> None:
        """Draw the charts below the window too, as for the printer."""
        self.ask("['beforeprint', 'afterprint'].forEach((name) => dispatchEvent(new Event(name)))")
        self.page.wait_for_selector("#space .gl-container canvas", state="attached")
        self.page.wait_for_selector("#projections .rings", state="attached")

    def at_rest(self) -> None:
        """Wait until what was asked for is drawn."""
        self.ask("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))")
