"""Whether a mechanism's outputs can be counted at all: they vary, and each is drawn anew.

Every bound here counts independent outputs. A mechanism that seeds its own generator, or that draws noise once and
hands it out many times, gives outputs of which a thousand say no more than one: what it loses cannot be told from them,
whichever way the counts fall.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from checks.dp_audit.draws import draw
from checks.dp_audit.model import Floats, MechanismError, Pair, Sample

_CALLS, _SIZE = 4, 1000  # all four calls alike by chance: below 1e-10, also for outputs that hardly ever vary


def constant(sample: Sample, pairs: Sequence[Pair], seed: int) -> bool:
    """Whether a hundred outputs of every input are all one and the same: then there is nothing to audit."""
    seen = [
        draw(sample, values, 100, np.random.default_rng([seed, 0, 9]))
        for pair in pairs
        for values in (pair.first, pair.second)
    ]
    return all(x.shape == seen[0].shape and math.isclose(float(np.ptp(np.stack(seen))), 0.0) for x in seen)


def refuse_dependent(sample: Sample, pairs: Sequence[Pair], seed: int) -> None:
    """Ask for every input with several generators, and compare.

    Raises:
        MechanismError: different generators give one and the same outputs, or one generator gives few over and over.
    """
    for values in dict.fromkeys(side for pair in pairs for side in (pair.first, pair.second)):
        calls = [draw(sample, values, _SIZE, np.random.default_rng([seed, call, 8])) for call in range(_CALLS)]
        if _varies(calls[0]) and all(np.array_equal(calls[0], other) for other in calls[1:]):
            msg = (
                f"sample gives the same {_SIZE} outputs for {list(values)} whatever generator it is given: draw from"
                " rng, and seed nothing inside"
            )
            raise MechanismError(msg)
        if all(_repeats(call) for call in calls) and not _shared(calls):
            msg = (
                f"sample repeats the same few outputs within one call for {list(values)} and gives others in the next:"
                " draw anew for each of the size outputs"
            )
            raise MechanismError(msg)


def _varies(outputs: Floats) -> bool:
    return bool((outputs != outputs[0]).any())


def _repeats(outputs: Floats) -> bool:
    """Whether most outputs of a call are there more than once."""
    _, counts = np.unique(outputs, axis=0, return_counts=True)
    return bool(counts[counts > 1].sum() > len(outputs) / 2)


def _shared(calls: Sequence[Floats]) -> bool:
    """Whether any output of one call is one of another too."""
    rows = [set(map(tuple, call.tolist())) for call in calls]
    return any(one & other for one, other in combinations(rows, 2))
