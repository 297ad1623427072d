"""Views of an output: its coordinates, what they make together, and the bits of its floating-point numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from checks.dp_audit.model import Floats

_FRACTION_BITS = 53
_ZERO = 1100.0  # finer than any double: zero has no lowest bit


@dataclass(frozen=True)
class OutputColumn:
    """One number per output; ``of`` maps outputs (n, d) to (n,)."""

    name: str
    of: Callable[[Floats], Floats]
    kind: str = "coordinate"


def columns(outputs: Floats, *, bits: bool) -> tuple[OutputColumn, ...]:
    """The views that outputs of this shape have.

    Args:
        outputs: some of them, shape (n, d): whether they are integers decides whether their bits can tell anything.
        bits: also look at floating-point bit patterns.
    """
    width = outputs.shape[1]
    if width == 1:
        views = [OutputColumn("output", partial(_coordinate, 0))]
    else:
        views = [OutputColumn(f"output[{i}]", partial(_coordinate, i)) for i in range(width)]
        views += [OutputColumn(f"output[{i}] - output[{i - 1}]", partial(_step, i), "step") for i in range(1, width)]
        views += [
            OutputColumn("largest output", _largest, "summary"),
            OutputColumn("smallest output", _smallest, "summary"),
            OutputColumn("sum of the outputs", _total, "summary"),
        ]
    if bits:
        fractional = np.flatnonzero((outputs != np.floor(outputs)).any(axis=0))
        views += [
            OutputColumn(f"exponent of the lowest bit of {_name(i, width)}", partial(_granularity, i), "bits")
            for i in map(int, fractional)
        ]
    return tuple(views)


def _name(i: int, width: int) -> str:
    return "output" if width == 1 else f"output[{i}]"


def _coordinate(i: int, x: Floats) -> Floats:
    return x[:, i]


def _step(i: int, x: Floats) -> Floats:
    return x[:, i] - x[:, i - 1]


def _granularity(i: int, x: Floats) -> Floats:
    return lowest_bit(x[:, i])


def _largest(x: Floats) -> Floats:
    return np.asarray(x.max(axis=1))


def _smallest(x: Floats) -> Floats:
    return np.asarray(x.min(axis=1))


def _total(x: Floats) -> Floats:
    return np.asarray(x.sum(axis=1))


def lowest_bit(values: Floats) -> Floats:
    """Exponent of the lowest set bit of each double, e.g. -1 for 1.5 and 3 for 24.

    Adding noise to 1 rounds it to a coarser grid than adding it to 0, so the lowest bits name the input
    (Mironov 2012, https://doi.org/10.1145/2382196.2382264).
    """
    fraction, exponent = np.frexp(values)
    whole = np.ldexp(fraction, _FRACTION_BITS).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    return np.where(whole == 0, _ZERO, (exponent - _FRACTION_BITS + trailing).astype(np.float64))
