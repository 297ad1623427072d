"""Servers of known behaviour, and what a load on them must show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loadtests.schedules.arrivals import arrivals
from loadtests.schedules.profiles import Profile

SHARES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Law:
    """How long a server takes for a user's request: ``seconds(user, number)``, counted from 0 in the order they are
    sent.

    ``frozen`` is when, in s after the window's opening, the whole server stops and goes on, if it does.
    """

    name: str
    seconds: Callable[[int, int], float]
    frozen: tuple[float, float] | None = None


LAWS = {
    "fixed": Law("fixed 20 ms", lambda _user, _number: 0.02),
    "bimodal": Law("5 ms, 20% 100 ms", lambda user, number: 0.1 if (number + user) % 5 == 0 else 0.005),
    "rare": Law("20 ms, 1.25% 500 ms", lambda user, number: 0.5 if (number + 8 * user) % 80 == 79 else 0.02),
    "freeze": Law("5 ms, frozen for 2 s", lambda _user, _number: 0.005, (5.0, 7.0)),
}


@dataclass(frozen=True)
class Percentiles:
    """Requests, and p50, p95 and p99 of their latency in ms."""

    total: int
    ms: tuple[float, ...]


@dataclass(frozen=True)
class ServedRequest:
    """When the server read a request and when it had answered it, in s after the window's opening."""

    came_s: float
    left_s: float


@dataclass(frozen=True)
class Truth:
    """What a load must show.

    Args:
        meant: how many requests the schedule has.
        latency: of those that the server has answered.
        own: of that, what it took beyond its law.
    """

    meant: int
    latency: Percentiles
    own: Percentiles


def truth(
    profile: Profile, seed: int, law: Law, answers: Mapping[tuple[int, int], ServedRequest], resumed_s: float | None
) -> Truth:
    """What a load of visitors must show: the schedule says when each is sent, the law how long it takes.

    Args:
        answers: by user and number, what the server noted.
        resumed_s: when a frozen server went on, in s after the window's opening.
    """
    meant, latency, own = 0, [], []
    for user in range(profile.users):
        for number, arrival in enumerate(arrivals(profile, "visitor", user, seed)):
            meant += arrival.measured
            answer = answers.get((user, number))
            if not arrival.measured or answer is None:
                continue
            held = resumed_s is not None and arrival.at_s < resumed_s <= answer.came_s
            begun_s = resumed_s if held and resumed_s is not None else answer.came_s
            takes_s = law.seconds(user, number)
            own.append(answer.left_s - begun_s - takes_s)
            latency.append((begun_s - arrival.at_s if held else 0.0) + takes_s + own[-1])
    return Truth(meant, percentiles(latency), percentiles(own))


def percentiles(seconds: Sequence[float]) -> Percentiles:
    """The smallest of the values that a share of them do not exceed, as the generator's records have it."""
    ordered = sorted(seconds)
    ranks = (max(math.ceil(share * len(ordered)), 1) for share in SHARES)
    return Percentiles(len(ordered), tuple(ordered[rank - 1] * 1000 for rank in ranks))
