"""A load's requests by group and over time, in slices wide enough to say something."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from checks.targets import Latencies, Load

ALL = "all requests"
_WIDTHS = (1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 3600)  # slices
_FEWEST, _MOST = 10, 120  # requests that a percentile of a slice wants, and slices that a picture can show


@dataclass(frozen=True)
class Bin:
    """Some slices as one: its middle and length in s, users at work, requests meant to start in it, and those that
    ended.
    """

    at_s: float
    seconds: float
    users: float
    asked: Latencies
    ended: int

    def rate(self, count: int) -> float:
        """So many in this bin, per second."""
        return count / self.seconds


def is_request(kind: str) -> bool:
    """Whether a kind is one of requests; with a colon it is a time inside them."""
    return ":" not in kind


def group_of(kind: str) -> str:
    """The group of a kind: ``inference`` of ``inference.chat``."""
    return kind.partition(":")[0].partition(".")[0]


def groups(load: Load) -> tuple[Latencies, ...]:
    """The requests by group, those with an objective first, then the largest."""
    requests = [kind for kind in load.kinds if is_request(kind.kind) and kind.total]
    names = {group_of(kind.kind) for kind in requests}
    made = [Latencies.merged(name, (kind for kind in requests if group_of(kind.kind) == name)) for name in names]
    return tuple(sorted(made, key=lambda group: (group.kind not in load.objectives, -group.total, group.kind)))


def all_requests(load: Load) -> Latencies:
    """All requests as one."""
    return Latencies.merged(ALL, groups(load))


def times_inside(load: Load, suffix: str) -> tuple[Latencies, ...]:
    """The times inside requests of one kind, e.g. ``first_token``, by group."""
    found = [kind for kind in load.kinds if kind.kind.endswith(f":{suffix}") and kind.total]
    names = sorted({group_of(kind.kind) for kind in found})
    return tuple(Latencies.merged(name, (kind for kind in found if group_of(kind.kind) == name)) for name in names)


def bins(load: Load, heads: Collection[str], suffix: str = "") -> tuple[Bin, ...]:
    """The requests of some groups over time, or the times of one kind inside them, in bins of some slices each.

    Args:
        heads: names of groups.
        suffix: e.g. ``first_token``; empty takes the requests themselves.
    """

    def wanted(kind: str) -> bool:
        return group_of(kind) in heads and (kind.endswith(f":{suffix}") if suffix else is_request(kind))

    asked = [Latencies.merged("", (k for k in each.kinds if wanted(k.kind))) for each in load.slices]
    width = _width([part.total for part in asked], round(load.seconds / load.slice_s))
    made = []
    for first in range(0, len(asked), width):
        pieces = load.slices[first : first + width]
        seconds = len(pieces) * load.slice_s
        users = sum(piece.users for piece in pieces) / len(pieces)
        meant, ended = Latencies.merged("", asked[first : first + width]), sum(piece.ended for piece in pieces)
        made.append(Bin(pieces[0].at_s + seconds / 2, seconds, users, meant, ended))
    return tuple(made)


def failures(load: Load) -> tuple[tuple[str, int], ...]:
    """Cause -> failed requests, the most frequent first."""
    causes: Counter[str] = Counter()
    for group in groups(load):
        causes.update(group.errors)
    return tuple(sorted(causes.items(), key=lambda item: (-item[1], item[0])))


def under_way(load: Load) -> tuple[tuple[float, int], ...]:
    """(s, requests that were meant to have started and had not ended) at the opening and at the end of each slice."""
    meant = itertools.accumulate(sum(k.total for k in s.kinds if is_request(k.kind)) for s in load.slices)
    ended = itertools.accumulate(each.ended for each in load.slices)
    ends = [
        (each.at_s + load.slice_s, begun - over) for each, begun, over in zip(load.slices, meant, ended, strict=True)
    ]
    return ((0.0, 0), *ends)


def _width(counts: Sequence[int], slices: int) -> int:
    """How many slices make a bin: enough requests in each, not too many bins, and not fewer than ten."""
    mean = sum(counts) / max(slices, 1)
    fitting = (w for w in _WIDTHS if slices <= w * _MOST and w * mean >= _FEWEST)
    return min(next(fitting, _WIDTHS[-1]), max(slices // 10, 1))
