"""What all pictures of a load share: colours, title, time axis, marks, and how a picture becomes a file.

The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind people tell apart; nothing
is told by colour alone.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from checks.targets import Load, Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

Draw = Callable[["Figure"], None]
BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
DARK, GREY = "#333333", "#8C8C8C"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, DARK)
DASHES = ("-", "--", "-.", ":")
WIDTH = 10.0  # inches
_SETTINGS: dict[Any, Any] = {
    # Text is text: a mark with a dollar sign is no formula. Names come from what is drawn, not from chance.
    "text.parse_math": False,
    "svg.hashsalt": "clinical-gate",
    "svg.fonttype": "path",
    "font.size": 9.0,
    "figure.titlesize": 11.0,
    "font.family": ["DejaVu Sans"],
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.5,
    "savefig.facecolor": "white",
}
_LETTER = 0.068  # inches that a letter of a mark takes
_ROWS = 6
_TICKS_MS = tuple(m * 10.0**e for e in range(-3, 8) for m in (1, 2, 5))


def render_picture(load: Load, title: str, height: float, draw: Draw, kind: str = "svg") -> bytes:
    """A picture's file.

    Args:
        title: what it shows.
        height: in inches.
        draw: fills the figure.
        kind: svg or png.
    """
    import matplotlib as mpl  # noqa: PLC0415  half a second, only for a picture
    from matplotlib.figure import Figure  # noqa: PLC0415

    lines = [title, *textwrap.wrap(drawable(heading(load)), 115)]
    incomplete = textwrap.wrap(why_incomplete(load), 110, max_lines=3)
    file = io.BytesIO()
    said: dict[str, Any] = {"Title": ". ".join(lines)} | ({"Date": None} if kind == "svg" else {})
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(WIDTH, height + 0.19 * len(lines + incomplete)), layout="constrained")
        figure.suptitle("\n".join(lines + incomplete), x=0.01, ha="left", color=ORANGE if incomplete else DARK)
        draw(figure)
        figure.savefig(file, format=kind, dpi=110, metadata=said)
    return file.getvalue()


def heading(load: Load) -> str:
    """Who, how and how long: what it takes to send the same load again."""
    return f"{load.profile}: {load.users} users, {load.arrival}, {load.seconds:g} s, seed {load.seed}"


def why_incomplete(load: Load) -> str:
    """Why a load is not to be believed; empty when it is."""
    if load.complete and not load.problem:
        return ""
    return f"INCOMPLETE: {drawable(load.problem) or 'it ended before its time'}"


def drawable(text: str) -> str:
    """Text that any font has: what is not Latin becomes a question mark, and control characters go."""
    return (
        "".join(letter if letter.isprintable() else " " for letter in text)
        .encode("latin-1", "replace")
        .decode("latin-1")
    )


def why_no_picture(load: Load) -> str:
    """Why there is no picture, in one sentence."""
    if any(kind.total for kind in load.kinds):
        return "The record of this load says nothing about time: it has no slices."
    return f"No request was recorded: {drawable(load.problem) or 'the load sent none'}."


def draw_sentence(figure: Figure, sentence: str) -> None:
    """A sentence in place of a picture."""
    axes = figure.subplots()
    axes.axis("off")
    axes.text(0.5, 0.5, "\n".join(textwrap.wrap(sentence, 90)), ha="center", va="center", transform=axes.transAxes)


def stacked_panels(figure: FigureBase, load: Load, heights: Sequence[float]) -> list[Axes]:
    """Panels above each other over the same time, the marks labelled in a strip on top of them."""
    rows = _label_rows(load)
    strip = [0.2 * (max((row for _, row in rows), default=-1) + 1)] if rows else []
    made = figure.subplots(len(strip) + len(heights), 1, sharex=True, height_ratios=[*strip, *heights], squeeze=False)
    panels: list[Axes] = list(made[:, 0])
    for axes in panels:
        axes.set_xlim(0, _end(load))
    if strip:
        _label(panels[0], load, rows)
    for mark in load.marks:
        for axes in panels:
            axes.axvline(mark.at_s, color=DARK, linewidth=0.8, linestyle=(0, (1, 2)))
    if _end(load) > load.seconds:
        for axes in panels[len(strip) :]:
            axes.axvspan(load.seconds, _end(load), color=GREY, alpha=0.12, linewidth=0)
    panels[-1].set_xlabel("s after the opening of the measured window" + _draining(load))
    return panels[len(strip) :]


def milliseconds(axes: Axes, lowest: float, highest: float) -> None:
    """A logarithmic axis of latencies, with room for the lowest and the highest, and numbers that can be read."""
    low, high = max(lowest, 1e-3), max(highest, 2e-3)
    below = max((t for t in _TICKS_MS if t <= low * 0.95), default=_TICKS_MS[0])
    above = min((t for t in _TICKS_MS if t >= high * 1.05), default=_TICKS_MS[-1])
    decades = math.log10(above / below)
    steps = (1, 2, 5) if decades <= 2 else (1,)
    ticks = [t for t in _TICKS_MS if below <= t <= above and round(t / 10 ** math.floor(math.log10(t) + 1e-9)) in steps]
    axes.set_yscale("log")
    axes.set_ylim(below, above)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylabel("ms")


@contextmanager
def legend(axes: Axes, columns: int = 1) -> Iterator[None]:
    """A legend to the right of what is drawn in here, if anything with a name is."""
    yield
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), ncols=columns, borderaxespad=0.2)


def legend_below(axes: Axes, columns: int) -> None:
    """A legend under the name of the axis below what is drawn."""
    from matplotlib.transforms import ScaledTranslation  # noqa: PLC0415  as above

    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101  they were made by it
    lower = axes.transAxes + ScaledTranslation(0, -0.42, figure.dpi_scale_trans)
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=lower, ncols=columns, borderaxespad=0)


def _end(load: Load) -> float:
    ends = max((each.at_s + load.slice_s for each in load.slices if each.ended or each.kinds), default=0.0)
    return max(load.seconds, ends, 1e-3)


def _draining(load: Load) -> str:
    return "; in grey, what was meant to start before was still ending" if _end(load) > load.seconds else ""


def _label_rows(load: Load) -> list[tuple[Mark, int]]:
    """The marks with the row of their label, so that no two labels meet; what does not fit has none."""
    end, free, placed = _end(load), [-math.inf] * _ROWS, []
    for mark in sorted(load.marks, key=lambda each: each.at_s):
        wide = (len(_mark_text(mark)) * _LETTER + 0.15) / (WIDTH - 2.4) * end
        begin = mark.at_s - wide if _labelled_left(mark, load) else mark.at_s
        row = next((number for number, taken in enumerate(free) if taken <= begin), None)
        if row is not None and 0 <= mark.at_s <= end:
            free[row] = begin + wide
            placed.append((mark, row))
    return placed


def _label(axes: Axes, load: Load, rows: Sequence[tuple[Mark, int]]) -> None:
    axes.axis("off")
    count = max(row for _, row in rows) + 1
    axes.set_ylim(0, count)
    for mark, row in rows:
        late = _labelled_left(mark, load)
        axes.annotate(
            _mark_text(mark),
            (mark.at_s, count - row - 0.5),
            xytext=(-3 if late else 3, 0),
            textcoords="offset points",
            ha="right" if late else "left",
            va="center",
            fontsize=8,
            color=DARK,
            annotation_clip=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )


def _labelled_left(mark: Mark, load: Load) -> bool:
    """Whether its label stands to the left of it, for want of room to the right."""
    return mark.at_s > 0.6 * _end(load)


def _mark_text(mark: Mark) -> str:
    return f"{drawable(mark.what)[:60]} ({mark.at_s:.1f} s)"
