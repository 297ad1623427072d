"""When each user means to ask for what: drawn before the load starts, so a slow server cannot change it.

Every user has a process of arrivals and a seed of its own; Poisson ones together are one Poisson process at the
profile's rate. The schedule is the same however the users are spread over processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from checks.application.load import Action
from loadtests.schedules.profiles import Profile, Role

_PROSE = (
    "patient reports mild chest discomfort after exertion since Tuesday denies fever blood pressure stable lungs clear "
    "continue current medication review laboratory results follow up in two weeks allergic to penicillin sleeps well "
    "appetite reduced weight unchanged wound dry mobilised with aid glucose elevated before breakfast"
)
_WORDS = _PROSE.split()
_SHORTEST, _LONGEST = 12, 80
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Arrival:
    """One request that a user means to start ``at_s`` seconds after the measured window opens (before it: warm-up).

    ``tokens`` are asked of a chat; ``note`` is a synthetic text of varied length; ``pick`` in 0..1 chooses a patient.
    """

    at_s: float
    action: Action
    tokens: int
    note: str
    pick: float

    @property
    def measured(self) -> bool:
        """Whether it counts."""
        return self.at_s >= 0


def arrivals(profile: Profile, role: Role, index: int, seed: int) -> tuple[Arrival, ...]:
    """The requests of user ``index``, in the order of their intended start.

    In a closed loop ``at_s`` is when the user would ask if no answer took any time: only the pauses between them count.
    """
    rng = np.random.default_rng([seed, index])
    weights = profile.weights(role)
    actions = list(weights)
    shares = np.cumsum(list(weights.values()))
    shares /= shares[-1]
    fewest, most = profile.output_tokens
    found = []
    for at_s in _moments(profile, index, rng):
        if at_s >= profile.seconds:
            break
        action = actions[int(shares.searchsorted(rng.random(), "right"))]
        tokens = int(rng.integers(fewest, most + 1))
        note = " ".join(rng.choice(_WORDS, size=int(rng.integers(_SHORTEST, _LONGEST)))) if _writes(action) else ""
        if index < profile.users_at(at_s):  # a Poisson process that is switched off and on remains one
            found.append(Arrival(at_s, action, tokens, note, float(rng.random())))
    return tuple(found)


def _moments(profile: Profile, index: int, rng: np.random.Generator) -> Iterator[float]:
    """When the user would ask, were it always at work, without end."""
    at_s = -profile.warm_up_s
    if profile.arrivals == "constant":
        # The users take turns, so that all together are evenly spaced. Of a shape any first users are at work:
        # multiples of the golden ratio spread them nearly evenly, however many they are
        # (https://en.wikipedia.org/wiki/Three-gap_theorem).
        turn = index * _GOLDEN % 1 if profile.shape else index / profile.users
        at_s += turn / profile.rate_per_user
        while True:
            yield at_s
            at_s += 1 / profile.rate_per_user
    if profile.arrivals == "poisson":
        mean_s = 1 / profile.rate_per_user
        while True:
            at_s += float(rng.exponential(mean_s))
            yield at_s
    while True:
        at_s += float(rng.uniform(*profile.think_s))
        yield at_s


def _writes(action: Action) -> bool:
    return action in ("inference.chat", "patient.encounter")
