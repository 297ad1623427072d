"""A picture of what was measured in each run: RTO, RPO, p95 and epsilon beside their limits, the newest run last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from checks.policy import Policy
from reports.records import utc
from reports.render.board.measures import Measure, measures
from reports.verify import Verified

PICTURE = "figures over the runs"
_HERE = Path(__file__).parent
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _BOTTOM = 1000, 330, 760, 46, 36, 30
_ROOM = 30  # of a row's height, for the curve


@dataclass(frozen=True)
class RunPoint:
    """A figure of one run: where it is drawn, in pixels, and what it says; ``known`` is false where it could not be
    measured.
    """

    x: float
    y: float
    known: bool
    holds: bool
    said: str


@dataclass(frozen=True)
class FigureRow:
    """One figure over the runs; heights are in pixels from the top."""

    name: str
    shown: str
    holds: bool
    middle: float
    base: float
    limit: float
    points: tuple[RunPoint, ...]

    @property
    def line(self) -> str:
        """The curve through what is known; empty where that is one point."""
        known = [f"{point.x},{point.y}" for point in self.points if point.known]
        return " ".join(known) if len(known) > 1 else ""


def figures_over_runs(reports: Sequence[Verified]) -> bytes:
    """The picture, an SVG; empty where the newest report has no figure with a limit.

    Args:
        reports: oldest first; the last is the one that the page is about, and says which figures are drawn.
    """
    runs = [_figures(report) for report in reports]
    rows = [_row(name, number, runs, reports) for number, name in enumerate(runs[-1])]
    if not rows:
        return b""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return (
        environment.get_template("over_runs.svg.j2")
        .render(
            title=f"Figures of {len(reports)} runs on {reports[-1].document.identity.name}, beside their limits",
            width=_WIDTH,
            height=_TOP + _ROW * len(rows) + _BOTTOM,
            left=_LEFT,
            right=_RIGHT,
            rows=rows,
            first=utc(reports[0].document.identity.ended),
            last=utc(reports[-1].document.identity.ended),
        )
        .encode()
    )


def _figures(report: Verified) -> dict[str, Measure]:
    if not report.policy:  # of before policies were signed whole
        return {}
    found = measures(report.document, Policy.model_validate_json(report.policy))
    return {measure.name: measure for measure in found}


def _row(name: str, number: int, runs: Sequence[dict[str, Measure]], reports: Sequence[Verified]) -> FigureRow:
    base = _TOP + _ROW * (number + 1) - 8
    newest = runs[-1][name]
    values = [run[name].value or 0.0 for run in runs if name in run]
    top = max([*values, newest.limit]) * 1.1 or 1.0

    def height(value: float) -> float:
        return round(base - value / top * _ROOM, 1)

    steps = max(len(runs) - 1, 1)
    points = [
        RunPoint(
            x=round(_RIGHT - (len(runs) - 1 - place) * (_RIGHT - _LEFT) / steps, 1),
            y=height(run[name].value or 0.0),
            known=run[name].value is not None,
            holds=run[name].holds,
            said=f"run {report.document.identity.run_id}: {run[name].shown}",
        )
        for place, (run, report) in enumerate(zip(runs, reports, strict=True))
        if name in run
    ]
    return FigureRow(
        name=name,
        shown=newest.shown,
        holds=newest.holds,
        middle=base - _ROOM / 2 + 4,
        base=base,
        limit=height(newest.limit),
        points=tuple(points),
    )
