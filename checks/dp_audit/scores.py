"""Scores: the higher, the likelier the first input. An event is all outputs whose score passes a threshold.

A score that is learnt is learnt on outputs of its own, so that the threshold is chosen on outputs it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from checks.dp_audit.columns import OutputColumn
from checks.dp_audit.model import Floats
from checks.dp_audit.tables import Atoms, Table, repeated, table, whole

FEWEST = 1000  # outputs of each input below which nothing is learnt
_FITTED = 50_000
_NEGLIGIBLE = 0.05


class Score(Protocol):
    """A number per output, and a sentence per threshold."""

    def of(self, outputs: Floats) -> Floats:
        """Outputs (n, d) -> scores (n,)."""
        ...

    def words(self, sign: str, threshold: float) -> str:
        """What is in the event ``score >= threshold`` or ``score < threshold``."""
        ...


@dataclass(frozen=True)
class Plain:
    """A view as it is."""

    column: OutputColumn

    def of(self, outputs: Floats) -> Floats:
        """The view."""
        return self.column.of(outputs)

    def words(self, sign: str, threshold: float) -> str:
        """The view compared with a number."""
        return f"{self.column.name} {sign} {threshold:.6g}"


@dataclass(frozen=True)
class Weighted:
    """A weighted sum of log-ratios."""

    tables: tuple[Table, ...]
    weights: tuple[float, ...]
    name: str

    def of(self, outputs: Floats) -> Floats:
        """The sum."""
        total = np.zeros(len(outputs))
        for each, weight in zip(self.tables, self.weights, strict=True):
            if weight:
                total += weight * each.of(outputs)
        return total

    def words(self, sign: str, threshold: float) -> str:
        """The sum's name compared with a number."""
        return f"{self.name} {sign} {threshold:.6g}"


@dataclass(frozen=True)
class Linear:
    """A weighted sum of the coordinates."""

    weights: Floats

    def of(self, outputs: Floats) -> Floats:
        """The sum."""
        return np.asarray(outputs @ self.weights)

    def words(self, sign: str, threshold: float) -> str:
        """The sum compared with a number."""
        terms = " + ".join(f"{weight:.4g} output[{at}]" for at, weight in enumerate(self.weights) if weight)
        return f"{terms or 0} {sign} {threshold:.6g}"


@dataclass(frozen=True)
class OneCoordinate:
    """The log-ratio of what repeats in one coordinate of the outputs."""

    at: int
    atoms: Atoms

    def of(self, outputs: Floats) -> Floats:
        """The log-ratio of the coordinate."""
        return self.atoms.of(outputs[:, [self.at]])

    def words(self, sign: str, threshold: float) -> str:
        """The values that pass."""
        return self.atoms.words(sign, threshold).replace("output is", f"output[{self.at}] is", 1)


def scores(first: Floats, second: Floats, views: Sequence[OutputColumn]) -> Iterable[Score]:
    """Every score that these outputs can teach, the plainest first.

    Args:
        first, second: outputs of the two inputs, shape (n, d).
    """
    yield from map(Plain, views)
    if first.shape[1] > 1:
        yield _linear(first, second)
    if len(first) < FEWEST:
        return
    tables = tuple(table(view, first, second) for view in views)
    yield from tables
    if first.shape[1] == 1:
        return
    if (known := whole(first, second)) is not None:
        yield known
    for kind in ("coordinate", "step"):
        chosen = tuple(t for t in tables if t.column.kind == kind)
        yield Weighted(chosen, (1.0,) * len(chosen), f"likelihood ratio of the {kind}s")
    yield Weighted(tables, _weights(tables, first, second), "logistic regression on every view of the output")


def atoms(first: Floats, second: Floats) -> Iterable[Atoms | OneCoordinate]:
    """Outputs, and values of one coordinate, that repeat."""
    if (found := repeated(first, second)) is not None:
        yield found
    if first.shape[1] > 1:
        for at in range(first.shape[1]):
            if (found := repeated(first[:, [at]], second[:, [at]])) is not None:
                yield OneCoordinate(at, found)


def _linear(first: Floats, second: Floats) -> Linear:
    """What tells Gaussian noise of independent coordinates apart best, known from few outputs: their means' difference,
    each over its variance.
    """
    apart, spread = first.mean(axis=0) - second.mean(axis=0), first.var(axis=0) + second.var(axis=0)
    return Linear(np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0))


def _weights(tables: Sequence[Table], first: Floats, second: Floats) -> tuple[float, ...]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  one second, only for vectors

    seen = [np.column_stack([t.of(x[:_FITTED]) for t in tables]) for x in (first, second)]
    labels = np.repeat([1, 0], [len(x) for x in seen])
    fitted = LogisticRegression(solver="newton-cholesky").fit(np.concatenate(seen), labels)
    weights = np.asarray(fitted.coef_[0], dtype=np.float64)
    effect = np.abs(weights) * np.concatenate(seen).std(axis=0)
    return tuple(np.where(effect < _NEGLIGIBLE * effect.max(), 0.0, weights))
