"""Streams: time to the first token, time per token and the gaps between chunks, by percentile; the first token over
time. Where a server does not say how many tokens it sent, the time per chunk stands in place of that per token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.targets import Load
from reports.render.load import _frame
from reports.render.load._bands import bands
from reports.render.load._series import bins, times_inside
from reports.render.load.percentiles import curves, scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

_PARTS = (
    ("first_token", "first token, from the intended start", "first_token_ms"),
    ("first_output_token", "first output token, after thinking", ""),
    ("per_token", "per later token, mean of an answer", "per_token_ms"),
    ("per_chunk", "per later chunk, mean of an answer", ""),
    ("gap", "gaps between chunks, one by one", ""),
)


def tokens(load: Load, kind: str = "svg") -> bytes | None:
    """The picture; None when there was no stream."""
    parts = [(found, title, asked) for suffix, title, asked in _PARTS if (found := times_inside(load, suffix))]
    if not parts:
        return None
    streams = [each.kind for each in times_inside(load, "first_token")]
    timed = bins(load, streams, "first_token") if streams else ()
    has_time = any(each.asked.total for each in timed)

    def draw(figure: Figure) -> None:
        above: FigureBase = figure
        if has_time:
            above, below = figure.subfigures(2, 1, height_ratios=[3.5, 2.4], squeeze=False)[:, 0]
            [axes] = _frame.stacked_panels(below, load, [1.6])
            bands(axes, timed, _limits(load, "first_token_ms"))
            axes.set_title(f"first token over time, each point those of {timed[0].seconds:g} s")
        for axes, (found, title, asked) in zip(above.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
            limits = _limits(load, asked)
            curves(axes, found, limits, inches=_frame.WIDTH / len(parts) - 0.7, columns=2)
            scale(axes, found, limits.values())
            axes.set_title(title)

    return _frame.render_picture(load, "Streamed answers, token by token", 5.9 if has_time else 3.5, draw, kind)


def _limits(load: Load, asked: str) -> dict[str, float]:
    found = (
        {name: getattr(objective, asked, None) for name, objective in sorted(load.objectives.items())} if asked else {}
    )
    return {f"limit {limit:g} ms": limit for limit in found.values() if limit is not None}
