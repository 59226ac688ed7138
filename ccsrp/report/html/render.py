"""One HTML file out of a page, styles, scripts and data; nothing in it is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from ccsrp.errors import CcsrpError

__all__ = ["SCRIPTS", "as_json", "render"]

# In this order they become one script.
SCRIPTS = (
    *("dom", "query", "model", "colours", "theme", "charts", "scene", "projections", "parallel", "table"),
    *("panel", "layers", "courses", "audit", "attacks", "settings", "controls", "main"),
)
PLACE = re.compile(r"\{\{([a-z]+)\}\}")


def render(data: Mapping[str, Any], *, title: str, lead: str) -> bytes:
    """Return the whole page.

    Parameters
    ----------
    data : mapping
        What the scripts show: ``ccsrp.report.page.page_data``.
    title, lead : str
        Any text.

    Raises
    ------
    CcsrpError
        The plotly package is not whole.
    """
    from ccsrp import __version__

    here = files(__package__)
    parts = "".join((here / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    plotly = _plotly()
    filled = {
        "title": html.escape(title),
        "lead": html.escape(lead),
        "version": html.escape(__version__),
        "style": (here / "style.css").read_text(encoding="utf-8"),
        "data": as_json(data),
        "plotly": plotly,
        "script": script,
        "policy": html.escape(_policy(plotly, script)),
    }
    page = (here / "page.html").read_text(encoding="utf-8")
    return PLACE.sub(lambda found: filled[found[1]], page).encode()


def as_json(data: object) -> str:
    r"""Write data so that it can stand inside a script element, whatever texts it holds.

    >>> as_json(["</script>"])
    '["\\u003c/script>"]'
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plotly() -> str:
    """Read plotly's JavaScript, which its Python package brings along; it has no smaller bundle."""
    try:
        text = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        raise CcsrpError(
            "the package plotly is missing or not whole; 'pip install --force-reinstall plotly' mends that"
        ) from None
    return text.replace("\r\n", "\n").replace("</script", "<\\/script")


def _policy(*scripts: str) -> str:
    """Allow these scripts and nothing else: no other script, and nothing from elsewhere.

    Plotly compiles its WebGL drawing, so it needs ``unsafe-eval``.
    """
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src 'unsafe-eval' {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )
