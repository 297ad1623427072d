"""Percentiles on HdrHistogram's scale: every further nine of the requests takes as much room as the one before.

The scale is that of Gil Tene's plotter (https://hdrhistogram.github.io/HdrHistogram/plotFiles.html): x = 1/(1-q),
logarithmic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import TYPE_CHECKING

from checks.targets import Latencies, Load
from reports.render.load import _frame
from reports.render.load._series import all_requests, groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHARES = (0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999)
_APART, _WIDE = 0.24, 4.3  # inches between two numbers of an axis, and of a panel
_DEEPEST = 5000.0  # how far below the highest value a logarithmic axis goes

_WHERE = (
    ("request:service", "from being sent to the end"),
    ("request:wait", "waiting to be sent"),
    ("generator:late", "of that, the generator's lateness"),
)


def percentiles(load: Load, kind: str = "svg") -> bytes:
    """The picture; of a load without requests, a sentence."""
    each_group = groups(load)

    def draw(figure: Figure) -> None:
        if not each_group:
            _frame.draw_sentence(figure, _frame.why_no_picture(load))
            return
        left, right = figure.subplots(1, 2, sharey=True)
        limits = {
            f"limit of {group.kind}: {asked.total_ms:g} ms": asked.total_ms
            for group in each_group
            if (asked := load.objectives.get(group.kind)) and asked.total_ms is not None
        }
        curves(left, each_group, limits, inches=_WIDE, columns=2)
        left.set_title("by group, from the intended start")
        parts = [each for each in (_where(load, *names) for names in _WHERE) if each.total]
        curves(right, [all_requests(load), *parts], {}, inches=_WIDE, columns=1)
        right.set_title("all requests: where the time goes")
        scale(left, [*each_group, *parts], limits.values())

    return _frame.render_picture(load, "Latency by percentile", 4.8, draw, kind)


def curves(axes: Axes, shown: Iterable[Latencies], limits: Mapping[str, float], *, inches: float, columns: int) -> None:
    """Percentile curves, ending in a dot at the slowest of each, and limits as dashed lines.

    Args:
        limits: label -> ms.
        inches: how wide the axes are, more or less.
        columns: of the legend.
    """
    most = 1
    for each, colour, dash in zip(shown, cycle(_frame.PALETTE), cycle(_frame.DASHES), strict=False):
        reached, values = steps(each)
        label = f"{_frame.drawable(each.kind)[:40]} ({each.total:,})"
        x, y = [*reached, each.total], [*values, values[-1]]
        axes.step(x, y, where="post", color=colour, linestyle=dash, label=label)
        axes.plot(each.total, values[-1], color=colour, marker="o", markersize=4)
        most = max(most, each.total)
    for (label, limit), grey in zip(limits.items(), cycle((_frame.DARK, _frame.GREY)), strict=False):
        axes.axhline(limit, color=grey, linestyle=(0, (5, 3)), linewidth=1.1, label=label)
    axes.set_xscale("log")
    axes.set_xlim(1, max(most, 10) * 1.3)
    ticks = [share for share in _SHARES if 1 / (1 - share) <= most * 1.3]
    if math.log10(2) / math.log10(max(most, 10)) * inches < _APART:
        ticks = [share for share in ticks if share != 0.95]
    axes.set_xticks([1 / (1 - share) for share in ticks], [f"{100 * share:.6g}" for share in ticks])
    axes.minorticks_off()
    axes.set_xlabel("percentile")
    _frame.legend_below(axes, columns)


def steps(of: Latencies) -> tuple[list[float], list[float]]:
    """The percentile curve as stairs: from where on, as 1/(1-q), a value in ms is the percentile."""
    reached, below = [], 0
    for count in of.counts:
        reached.append(of.total / (of.total - below))
        below += count
    return reached, list(of.values_ms)


def scale(axes: Axes, shown: Iterable[Latencies], limits: Iterable[float]) -> None:
    """A latency axis that shows all of these, but of what is next to nothing only that it is."""
    shown = tuple(shown)
    highest = max([each.percentile(1) for each in shown] + list(limits))
    lowest = min(each.percentile(0.01) for each in shown)
    _frame.milliseconds(axes, max(lowest, highest / _DEEPEST), highest)


def _where(load: Load, kind: str, name: str) -> Latencies:
    return Latencies.merged(name, (each for each in load.kinds if each.kind == kind))
