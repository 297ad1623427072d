"""Tables of log-ratios: how much likelier each cell of a view, or each whole output, is under the first input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.dp_audit.columns import OutputColumn
from checks.dp_audit.model import Floats

Integers = npt.NDArray[np.int64]
_CELLS = 64
_TAILS = (1e-5, 1e-4, 1e-3, 3e-3)
_OUTPUTS_PER_ROW = 20
_SMOOTHING = 1.0
_REPEATS, _ATOMS = 3, 64  # how often an output must be there, and how many such are kept


@dataclass(frozen=True)
class Table:
    """The log-ratio of each cell of a column.

    Args:
        edges: ascending; cell i holds ``edges[i - 1] <= x < edges[i]``.
        ratios: shape (len(edges) + 1,).
    """

    column: OutputColumn
    edges: Floats
    ratios: Floats

    def of(self, outputs: Floats) -> Floats:
        """The log-ratio of each output's cell."""
        return self.ratios[_cells(self.column.of(outputs), self.edges)]

    def words(self, sign: str, threshold: float) -> str:
        """The cells that pass, as ranges of the column."""
        passing = self.ratios >= threshold if sign == ">=" else self.ratios < threshold
        ends = np.concatenate(([-np.inf], self.edges, [np.inf]))
        starts = np.flatnonzero(passing & ~np.concatenate(([False], passing[:-1])))
        stops = np.flatnonzero(passing & ~np.concatenate((passing[1:], [False])))
        ranges = [_range(ends[a], ends[b + 1]) for a, b in zip(starts, stops, strict=True)]
        shown = " or ".join(ranges[:4]) + (f" or {len(ranges) - 4} more ranges" if len(ranges) > 4 else "")
        return f"{self.column.name} in {shown or 'no range'}"


def table(column: OutputColumn, first: Floats, second: Floats) -> Table:
    """Learn a column's table; values that stand out by themselves get cells of their own."""
    a, b = column.of(first), column.of(second)
    pooled = np.concatenate((a, b))
    edges = np.unique(pooled)
    if len(edges) > 4 * _CELLS:
        shares = np.concatenate((_TAILS, np.arange(1, _CELLS) / _CELLS, 1 - np.asarray(_TAILS[::-1])))
        marks, repeats = np.unique(np.quantile(pooled, shares, method="lower"), return_counts=True)
        edges = np.union1d(marks, np.nextafter(marks[repeats > 1], np.inf))
    return Table(column, edges, _ratios(_cells(a, edges), _cells(b, edges), len(edges) + 1))


def _ratios(first: Integers, second: Integers, cells: int) -> Floats:
    counts = [np.bincount(x, minlength=cells) + _SMOOTHING for x in (first, second)]
    return np.asarray(np.log(counts[0] / counts[1]))


def _cells(values: Floats, edges: Floats) -> Integers:
    """How many edges each value has reached; for few of them, comparing is faster than searching."""
    if len(edges) > 4:
        return np.searchsorted(edges, values, side="right")
    cells = np.zeros(len(values), dtype=np.int64)
    for edge in edges:
        cells += values >= edge
    return cells


def _range(low: float, high: float) -> str:
    if np.nextafter(low, np.inf) == high:
        return f"{{{low:.6g}}}"
    return f"[{low:.6g}, {high:.6g})"


@dataclass(frozen=True)
class Whole:
    """The log-ratio of each whole output.

    Args:
        keys: ascending, one per output that was seen.
        rows: those outputs, shape (len(keys), d).
        ratios: shape (len(keys),); an output that was not seen has 0.
    """

    keys: Integers
    rows: Floats
    ratios: Floats

    def of(self, outputs: Floats) -> Floats:
        """The log-ratio of each output."""
        keys = _keys(outputs)
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[found] == keys, self.ratios[found], 0.0)

    def words(self, sign: str, threshold: float) -> str:
        """The outputs that pass, the most telling ones by name."""
        passing = np.flatnonzero(self.ratios >= threshold if sign == ">=" else self.ratios < threshold)
        order = passing[np.argsort(-np.abs(self.ratios[passing]), kind="stable")]
        shown = " or ".join(f"({', '.join(f'{x:g}' for x in self.rows[i])})" for i in order[:3])
        others = f" or one of {len(order) - 3} others" if len(order) > 3 else ""
        unseen = " or none of those that repeat" if (threshold <= 0 if sign == ">=" else threshold > 0) else ""
        return f"output is {shown}{others}{unseen}"


def whole(first: Floats, second: Floats) -> Whole | None:
    """Learn the table of whole outputs; None when too many different ones occur."""
    both = np.concatenate((first, second))
    keys, examples, places = np.unique(_keys(both), return_index=True, return_inverse=True)
    if len(keys) > len(first) // _OUTPUTS_PER_ROW:
        return None
    return Whole(keys, both[examples], _ratios(places[: len(first)], places[len(first) :], len(keys)))


class Atoms(Whole):
    """The log-ratio of each output that was seen several times; one that was not has 0."""


def repeated(first: Floats, second: Floats) -> Atoms | None:
    """Learn the table of the outputs that repeat: in continuous noise each is an atom; None when none does.

    Args:
        first, second: outputs, shape (n, d).
    """
    both = np.concatenate((first, second))
    keys, examples, places = np.unique(_keys(both), return_index=True, return_inverse=True)
    one, two = (np.bincount(x, minlength=len(keys)) for x in (places[: len(first)], places[len(first) :]))
    together = one + two
    apart = np.where(together >= _REPEATS, np.abs(one - two) / np.sqrt(np.maximum(together, 1)), 0.0)
    kept = np.sort(np.argsort(-apart, kind="stable")[:_ATOMS])
    kept = kept[apart[kept] > 0]
    if not len(kept):
        return None
    ratios = np.log((one[kept] + _SMOOTHING) / (two[kept] + _SMOOTHING))
    return Atoms(keys[kept], both[examples[kept]], ratios)


def _keys(outputs: Floats) -> Integers:
    """A number per row, the same for equal rows; a collision would only blunt the score, never make it lie."""
    bits = np.ascontiguousarray(outputs + 0.0).view(np.int64)  # + 0.0: a negative zero is a zero
    keys = np.zeros(len(outputs), dtype=np.int64)
    with np.errstate(over="ignore"):
        for column in bits.T:
            keys = (keys ^ column) * np.int64(0x9E3779B97F4A7C1)
            keys ^= keys >> np.int64(29)
    return keys
