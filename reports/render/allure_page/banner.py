"""What stands above Allure's own page: the decision, and what would turn it green, seen without scrolling."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.document import ReportDocument
from reports.render.board.page import open_points

_HERE = Path(__file__).parent
_SHOWN = 5


def banner(document: ReportDocument, *, trust: str) -> str:
    """HTML to stand first in the page's body.

    Args:
        trust: one sentence on what has been verified.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("banner.html.j2").render(
        style=Markup((_HERE / "banner.css").read_text()),  # noqa: S704  our own files; what a report says is escaped
        script=Markup((_HERE / "names.js").read_text()),  # noqa: S704  likewise
        document=document,
        identity=document.identity,
        points=open_points(document),
        shown=_SHOWN,
        trust=trust,
    )
