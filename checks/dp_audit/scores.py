"""Scores: the higher, the likelier the first input. An event is all outputs whose score passes a threshold.

A score that is learnt is learnt on outputs of its own, so that the threshold is chosen on outputs it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.dp_audit.columns import Column
from checks.dp_audit.model import Floats

_CELLS = 64
_TAILS = (1e-5, 1e-4, 1e-3, 3e-3)
_FEWEST = 1000  # outputs of each input below which nothing is learnt
_ROWS_PER_CELL = 20
_FITTED = 50_000
_SMOOTHING = 1.0
_NEGLIGIBLE = 0.05


@dataclass(frozen=True)
class Score:
    """``of`` maps outputs (n, d) to (n,); ``words`` puts a threshold into a sentence, given ``>=`` or ``<``."""

    of: Callable[[Floats], Floats]
    words: Callable[[str, float], str]


@dataclass(frozen=True)
class Table:
    """Log-ratio of how often each cell of a column was seen under the first and under the second input.

    Args:
        edges: ascending; cell i holds ``edges[i - 1] <= x < edges[i]``.
        ratios: shape (len(edges) + 1,).
    """

    column: Column
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


def _cells(values: Floats, edges: Floats) -> npt.NDArray[np.intp]:
    """How many edges each value has reached; for few of them, comparing is faster than searching."""
    if len(edges) > 4:
        return np.searchsorted(edges, values, side="right")
    cells = np.zeros(len(values), dtype=np.intp)
    for edge in edges:
        cells += values >= edge
    return cells


def _range(low: float, high: float) -> str:
    if np.nextafter(low, np.inf) == high:
        return f"{{{low:.6g}}}"
    return f"[{low:.6g}, {high:.6g})"


def scores(first: Floats, second: Floats, views: Sequence[Column]) -> Iterable[Score]:
    """Every score that these outputs can teach, the plainest first.

    Args:
        first, second: outputs of the two inputs, shape (n, d).
    """
    for view in views:
        yield Score(view.of, _plainly(view.name))
    if len(first) < _FEWEST:
        return
    tables = [table(view, first, second) for view in views]
    yield from (Score(t.of, t.words) for t in tables)
    if first.shape[1] == 1:
        return
    if (whole := _rows(first, second)) is not None:
        yield whole
    for kind in ("coordinate", "step"):
        chosen = [t for t in tables if t.column.kind == kind]
        yield _sum(chosen, np.ones(len(chosen)), f"likelihood ratio of the {kind}s")
    yield _sum(tables, _weights(tables, first, second), "logistic regression on every view of the output")


def _plainly(name: str) -> Callable[[str, float], str]:
    return lambda sign, threshold: f"{name} {sign} {threshold:.6g}"


def table(column: Column, first: Floats, second: Floats) -> Table:
    """Learn a column's table; values that stand out by themselves get cells of their own."""
    a, b = column.of(first), column.of(second)
    pooled = np.concatenate((a, b))
    values = np.unique(pooled)
    if len(values) > 4 * _CELLS:
        shares = np.concatenate((_TAILS, np.arange(1, _CELLS) / _CELLS, 1 - np.asarray(_TAILS[::-1])))
        marks, repeats = np.unique(np.quantile(pooled, shares, method="lower"), return_counts=True)
        values = np.union1d(marks, np.nextafter(marks[repeats > 1], np.inf))
    cells = len(values) + 1
    counts = [np.bincount(_cells(x, values), minlength=cells) + _SMOOTHING for x in (a, b)]
    return Table(column, values, np.log(counts[0] / counts[1]))


def _sum(tables: Sequence[Table], weights: Floats, name: str) -> Score:
    used = [(t, w) for t, w in zip(tables, weights, strict=True) if w]

    def of(outputs: Floats) -> Floats:
        total = np.zeros(len(outputs))
        for t, w in used:
            total += w * t.of(outputs)
        return total

    return Score(of, _plainly(name))


def _weights(tables: Sequence[Table], first: Floats, second: Floats) -> Floats:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  one second, only for vectors

    seen = [np.column_stack([t.of(x[:_FITTED]) for t in tables]) for x in (first, second)]
    labels = np.repeat([1, 0], [len(x) for x in seen])
    fitted = LogisticRegression(solver="newton-cholesky").fit(np.concatenate(seen), labels)
    weights = np.asarray(fitted.coef_[0], dtype=np.float64)
    effect = np.abs(weights) * np.concatenate(seen).std(axis=0)
    return np.where(effect < _NEGLIGIBLE * effect.max(), 0.0, weights)


def _rows(first: Floats, second: Floats) -> Score | None:
    """The log-ratio table of whole outputs, when few different ones occur."""
    both = np.concatenate((first, second))
    known, examples, places = np.unique(_keys(both), return_index=True, return_inverse=True)
    if len(known) > len(first) // _ROWS_PER_CELL:
        return None
    counts = [np.bincount(p, minlength=len(known)) + _SMOOTHING for p in (places[: len(first)], places[len(first) :])]
    ratios = np.log(counts[0] / counts[1])
    rows = both[examples]

    def of(outputs: Floats) -> Floats:
        keys = _keys(outputs)
        found = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[found] == keys, ratios[found], 0.0)

    def words(sign: str, threshold: float) -> str:
        passing = np.flatnonzero(ratios >= threshold if sign == ">=" else ratios < threshold)
        order = passing[np.argsort(-np.abs(ratios[passing]), kind="stable")]
        shown = " or ".join(f"({', '.join(f'{x:g}' for x in rows[i])})" for i in order[:3])
        return f"output is {shown}" + (f" or one of {len(order) - 3} others" if len(order) > 3 else "")

    return Score(of, words)


def _keys(outputs: Floats) -> npt.NDArray[np.int64]:
    """A number per row, the same for equal rows; a collision would only blunt the score, never make it lie."""
    bits = np.ascontiguousarray(outputs + 0.0).view(np.int64)  # + 0.0: a negative zero is a zero
    keys = np.zeros(len(outputs), dtype=np.int64)
    with np.errstate(over="ignore"):
        for column in bits.T:
            keys = (keys ^ column) * np.int64(0x9E3779B97F4A7C1 | 1)
            keys ^= keys >> np.int64(29)
    return keys
