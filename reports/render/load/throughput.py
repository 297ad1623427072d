"""Throughput: what was offered and what was achieved over time, the queue between the two, and both against users at
work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from checks.targets import Load
from reports.render.load import _frame
from reports.render.load._series import Bin, bins, groups, under_way

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

_OFFERED, _ENDED, _FAILED = "offered: meant to start", "ended, rightly or not", "of the offered, failed"


def throughput(load: Load, kind: str = "svg") -> bytes:
    """The picture; of a load without requests, a sentence."""
    over_time = bins(load, [group.kind for group in groups(load)])
    within = [each for each in over_time if each.at_s + each.seconds / 2 <= load.seconds * 1.001]
    varied = len({each.users for each in load.slices if each.at_s < load.seconds}) > 1

    def draw(figure: Figure) -> None:
        if not any(each.asked.total for each in over_time):
            _frame.draw_sentence(figure, _frame.why_no_picture(load))
            return
        above: FigureBase = figure
        if varied:
            above, below = figure.subfigures(2, 1, height_ratios=[4.0, 2.8], squeeze=False)[:, 0]
            by_users, achieved = below.subplots(1, 2)
            _by_users(by_users, within)
            _against_offered(achieved, within)
        rates, queue = _frame.stacked_panels(above, load, [2.2, 1.3])
        _rates(rates, over_time)
        _queue(queue, load)

    return _frame.render_picture(load, "Throughput: offered and achieved", 6.8 if varied else 4.0, draw, kind)


def _rates(axes: Axes, shown: tuple[Bin, ...]) -> None:
    at_s = [each.at_s for each in shown]
    with _frame.legend(axes):
        for values, label, colour, dash, marker in (
            ([each.rate(each.asked.total) for each in shown], _OFFERED, _frame.DARK, "--", ""),
            ([each.rate(each.ended) for each in shown], _ENDED, _frame.BLUE, "-", "o"),
            ([each.rate(each.asked.failed) for each in shown], _FAILED, _frame.ORANGE, ":", "x"),
        ):
            axes.plot(at_s, values, color=colour, linestyle=dash, marker=marker, markersize=3.5, label=label)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("requests/s")
    axes.set_title(f"requests per second, each point those of {shown[0].seconds:g} s")


def _queue(axes: Axes, load: Load) -> None:
    moments = under_way(load)
    axes.fill_between([at_s for at_s, _ in moments], [count for _, count in moments], color=_frame.SKY, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("requests")
    axes.set_title(
        "under way: meant to have started and not ended; where it grows, the load is more than can be answered"
    )


def _by_users(axes: Axes, shown: Sequence[Bin]) -> None:
    users = [each.users for each in shown]
    _points(axes, users, [each.rate(each.ended) for each in shown], label=_ENDED, colour=_frame.BLUE, marker="o")
    _points(
        axes, users, [each.rate(each.asked.failed) for each in shown], label=_FAILED, colour=_frame.ORANGE, marker="x"
    )
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("users at work")
    axes.set_ylabel("requests/s")
    axes.set_title("against users at work")
    axes.legend(loc="upper left")


def _against_offered(axes: Axes, shown: Sequence[Bin]) -> None:
    offered, ended = [each.rate(each.asked.total) for each in shown], [each.rate(each.ended) for each in shown]
    right = [each.rate(each.asked.total - each.asked.failed) for each in shown]
    most = 1.05 * max((*offered, *ended))
    axes.plot([0, most], [0, most], color=_frame.DARK, linestyle="--", label="as many as were offered")
    _points(axes, offered, ended, label=_ENDED, colour=_frame.BLUE, marker="o")
    _points(axes, offered, right, label="of the offered, answered rightly", colour=_frame.GREEN, marker="+")
    axes.set_xlim(0, most)
    axes.set_ylim(0, most)
    axes.set_xlabel("offered, requests/s")
    axes.set_ylabel("requests/s")
    axes.set_title("achieved against offered")
    axes.legend(loc="upper left")


def _points(axes: Axes, x: Sequence[float], y: Sequence[float], *, label: str, colour: str, marker: str) -> None:
    axes.plot(x, y, color=colour, marker=marker, markersize=4.5, linestyle="none", label=label)
