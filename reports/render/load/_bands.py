"""Median, 95th percentile and slowest over time, with limits: how every picture shows a latency over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reports.render.load import _frame
from reports.render.load._series import Bin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOOKS = (
    (1.0, "slowest", _frame.GREY, "none", "^"),
    (0.95, "95 % within", _frame.ORANGE, "-", "o"),
    (0.5, "50 % within", _frame.BLUE, "-.", ""),
)


def bands(axes: Axes, over_time: Sequence[Bin], limits: Mapping[str, float]) -> None:
    """Draw them; where there was no request the lines are broken.

    Args:
        limits: label -> ms.
    """
    at_s = [each.at_s for each in over_time]
    with _frame.legend(axes):
        for share, label, colour, dash, marker in _LOOKS:
            values = [each.asked.percentile(share) if each.asked.total else float("nan") for each in over_time]
            axes.plot(at_s, values, color=colour, linestyle=dash, marker=marker, markersize=3.5, label=label)
        for label, limit in limits.items():
            axes.axhline(limit, color=_frame.DARK, linestyle="--", linewidth=1.2, label=label)
    seen = [each.asked for each in over_time if each.asked.total]
    lowest = min((each.percentile(0.5) for each in seen), default=1.0)
    highest = max((each.percentile(1) for each in seen), default=1000.0)
    _frame.milliseconds(axes, min(lowest, *limits.values(), lowest), max(highest, *limits.values(), highest))
