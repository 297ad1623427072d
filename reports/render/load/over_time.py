"""Latency over time: per group of requests its median, 95th percentile and maximum, then failures and users at work."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from checks.targets import Load, Slice
from reports.render.load import _frame
from reports.render.load._bands import bands
from reports.render.load._series import bins, failures, groups, is_request

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS, _CAUSES, _BARS = 3, 5, 150
_BAR: dict[str, Any] = {"align": "edge", "edgecolor": "white", "linewidth": 0.3}


def over_time(load: Load, kind: str = "svg") -> bytes:
    """The picture; of a load without requests, a sentence."""
    rows, failed = _rows(load), failures(load)
    height = 1.75 * len(rows) + 1.2 * bool(failed) + 1.3

    def draw(figure: Figure) -> None:
        if not load.slices or not rows:
            _frame.draw_sentence(figure, _frame.why_no_picture(load))
            return
        heights = [1.75] * len(rows) + [1.2] * bool(failed) + [0.9]
        *panels, last = _frame.stacked_panels(figure, load, heights)
        for axes, (title, heads) in zip(panels, rows, strict=False):
            _latencies(axes, load, title, heads)
        if failed:
            _failures(panels[-1], load, failed)
        _users(last, load, none_failed=not failed)

    return _frame.render_picture(load, "Latency over time, from the intended start of each request", height, draw, kind)


def _rows(load: Load) -> list[tuple[str, tuple[str, ...]]]:
    """The panels: the groups that matter most, and the others together."""
    made = [group.kind for group in groups(load)]
    rows: list[tuple[str, tuple[str, ...]]] = [(name, (name,)) for name in made[:_PANELS]]
    others = tuple(made[_PANELS:])
    return [*rows, (f"others ({', '.join(others)})", others)] if others else rows


def _latencies(axes: Axes, load: Load, title: str, heads: tuple[str, ...]) -> None:
    shown = [each for each in bins(load, heads) if each.at_s - each.seconds / 2 < load.seconds]
    asked = load.objectives.get(heads[0]) if len(heads) == 1 else None
    limit = asked.total_ms if asked else None
    bands(axes, shown, {} if limit is None else {f"limit {limit:g} ms": limit})
    total = sum(each.asked.total for each in shown)
    axes.set_title(f"{_frame.drawable(title)}: {total:,} requests, each point those of {shown[0].seconds:g} s")


def _failures(axes: Axes, load: Load, failed: tuple[tuple[str, int], ...]) -> None:
    step = max(math.ceil(len(load.slices) / _BARS), 1)
    seconds = step * load.slice_s
    pieces = [load.slices[first : first + step] for first in range(0, len(load.slices), step)]
    causes = [_causes(piece) for piece in pieces]
    named = [cause for cause, _ in failed[:_CAUSES]]
    rest = sum(count for _, count in failed[_CAUSES:])
    heights = {f"{cause} ({count:,})": [each[cause] for each in causes] for cause, count in failed[:_CAUSES]}
    if rest:
        heights[f"other causes ({rest:,})"] = [sum(each.values()) - sum(each[c] for c in named) for each in causes]
    at_s, below = [piece[0].at_s for piece in pieces], [0.0] * len(pieces)
    hatches = ("", "////", "....", "\\\\\\\\", "xxxx", "")
    with _frame.legend(axes):
        for (label, counts), colour, hatch in zip(heights.items(), _frame.PALETTE[1:], hatches, strict=False):
            rates = [count / seconds for count in counts]
            name = _frame.drawable(label)[:36]
            axes.bar(at_s, rates, seconds, below, color=colour, hatch=hatch, label=name, **_BAR)
            below = [under + rate for under, rate in zip(below, rates, strict=True)]
    axes.set_ylabel("failed/s")
    axes.set_ylim(bottom=0)
    total = sum(count for _, count in failed)
    axes.set_title(f"{total:,} failed, in the {seconds:g} s in which they were meant to start, by cause")


def _causes(pieces: Iterable[Slice]) -> Counter[str]:
    causes: Counter[str] = Counter()
    for each in pieces:
        for kind in each.kinds:
            causes.update(kind.errors if is_request(kind.kind) else {})
    return causes


def _users(axes: Axes, load: Load, *, none_failed: bool) -> None:
    at_s = [each.at_s for each in load.slices]
    axes.stairs([each.users for each in load.slices], [*at_s, at_s[-1] + load.slice_s], color=_frame.SKY, fill=True)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("users")
    axes.set_title("users at work" + ("; no request failed" if none_failed else ""))
