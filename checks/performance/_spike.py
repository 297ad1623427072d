"""A load with a spike: when it was, and what was asked when."""

from __future__ import annotations

from collections.abc import Iterable

from checks.model import CannotLookError, Reason
from checks.performance._load_record import DERIVED, judgeable
from checks.policy import PerformancePolicy
from checks.targets import Latencies, Load, Loads

PROFILE = "spike"
_BEGINS, _ENDS = "spike begins", "spike ends"


def spike_load(loads: Loads, policy: PerformancePolicy) -> tuple[Load, float, float]:
    """The load with the spike, and when that begins and ends, in s from the opening of the measured window.

    Raises:
        CannotLookError: it may not be judged, or it had no spike.
    """
    load = judgeable(loads.load(PROFILE), policy)
    begins = [mark.at_s for mark in load.marks if mark.what == _BEGINS]
    ends = [mark.at_s for mark in load.marks if mark.what == _ENDS]
    if not (begins and ends and load.slices):
        msg = f"the load '{load.profile}' had no spike"
        raise CannotLookError(msg, Reason.EXAMINED_NOTHING)
    return load, min(begins), max(ends)


def requests_between(load: Load, since_s: float, until_s: float) -> tuple[Latencies, ...]:
    """What was meant to start in the slices wholly between two moments, by kind; derived times, too."""
    pieces = [
        kind
        for piece in load.slices
        if since_s <= piece.at_s and piece.at_s + load.slice_s <= until_s
        for kind in piece.kinds
    ]
    names = sorted({kind.kind for kind in pieces})
    return tuple(Latencies.merged(name, (kind for kind in pieces if kind.kind == name)) for name in names)


def requests_among(name: str, kinds: Iterable[Latencies]) -> Latencies:
    """The requests among what `requests_between` gave, as one kind."""
    return Latencies.merged(name, (kind for kind in kinds if DERIVED not in kind.kind))
