"""When each user means to ask for what: drawn before the load starts, so a slow server cannot change it.

Every user has a Poisson process and a seed of its own; together they are one Poisson process at the profile's rate, and
the schedule is the same however the users are spread over processes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loadtests.profiles import Action, Profile, Role

_PROSE = (
    "patient reports mild chest discomfort after exertion since Tuesday denies fever blood pressure stable lungs clear "
    "continue current medication review laboratory results follow up in two weeks allergic to penicillin sleeps well "
    "appetite reduced weight unchanged wound dry mobilised with aid glucose elevated before breakfast"
)
_WORDS = _PROSE.split()
_SHORTEST, _LONGEST = 12, 80


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
    """The requests of user ``index``, in the order of their intended start."""
    rng = np.random.default_rng([seed, index])
    weights = profile.weights(role)
    actions = list(weights)
    shares = np.array(list(weights.values())) / sum(weights.values())
    found = []
    at_s = -profile.warm_up_s + rng.exponential(1 / profile.rate_per_user)
    while at_s < profile.seconds:
        action = actions[int(rng.choice(len(actions), p=shares))]
        tokens = int(rng.integers(profile.output_tokens[0], profile.output_tokens[1] + 1))
        note = " ".join(rng.choice(_WORDS, size=int(rng.integers(_SHORTEST, _LONGEST)))) if _writes(action) else ""
        found.append(Arrival(float(at_s), action, tokens, note, float(rng.random())))
        at_s += rng.exponential(1 / profile.rate_per_user)
    return tuple(found)


def _writes(action: Action) -> bool:
    return action in ("inference.chat", "patient.encounter")
