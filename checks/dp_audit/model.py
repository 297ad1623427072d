"""The vocabulary: a mechanism's claim, two neighbouring inputs, an event, and what was certified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Sample = Callable[[Floats, int, np.random.Generator], npt.ArrayLike]
"""``sample(values, size, rng)``: ``size`` independent outputs for an input; shape (size,) or (size, d)."""


MOST_EPSILON = 30.0  # e^30 outputs would be needed to see a larger one, and doubles hardly tell it from none at all
LEAST_ALPHA = 1e-300


class MechanismError(Exception):
    """The mechanism cannot be audited; the message says what it did, in one sentence."""


class AuditOutcome(StrEnum):
    """What an audit can say. There is no word for "proven": outputs can only refute a claim."""

    REFUTED = "refuted"
    NOT_REFUTED = "not refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Claim:
    """(epsilon, delta)-differential privacy of one call of the mechanism."""

    epsilon: float
    delta: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.epsilon <= MOST_EPSILON and 0 <= self.delta < 1):
            msg = f"epsilon must be in [0, {MOST_EPSILON:g}] and delta in [0, 1): {self.epsilon}, {self.delta}"
            raise ValueError(msg)


@dataclass(frozen=True)
class AuditPlan:
    """How an audit is done.

    Args:
        samples: outputs per input, for selecting and certifying together; every pair costs its selection.
        alpha: chance to refute a true claim.
        seed: of everything random, the mechanism's generator included.
        gaussian: the mechanism is stated to add Gaussian noise: a bound on mu may refute it as well.
        bits: look at floating-point bit patterns.
    """

    samples: int
    alpha: float
    seed: int
    gaussian: bool = False
    bits: bool = True


@dataclass(frozen=True)
class Pair:
    """Two neighbouring inputs."""

    name: str
    first: tuple[float, ...]
    second: tuple[float, ...]


@dataclass(frozen=True)
class Event:
    """A set of outputs.

    Args:
        words: what is in it, for a reader, e.g. ``output >= 3.2``.
        contains: outputs of shape (n, d) -> truths of shape (n,).
    """

    words: str
    contains: Callable[[Floats], Truths]


@dataclass(frozen=True)
class Hits:
    """How often an event was seen under the likely and the unlikely input, and in how many outputs of each."""

    likely: int
    unlikely: int
    of_likely: int
    of_unlikely: int


@dataclass(frozen=True)
class Bound:
    """What an event's hits certify with confidence 1 - alpha.

    Args:
        epsilon: certified lower bound at the claim's delta; 0 when nothing could be certified.
        mu: certified lower bound of the mu of Gaussian differential privacy; only for a mechanism stated to be Gaussian
            does it say anything about epsilon. None when it was not asked for.
    """

    epsilon: float
    hits: Hits
    alpha: float
    mu: float | None = None


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What an audit of any kind came to, with all that it takes to repeat it.

    Args:
        event, pair: what told the inputs apart best; the event is the likelier input's.
        samples: outputs per input that were drawn.
        detectable_epsilon: a mechanism that loses this much or more would have been refuted with probability 0.95, if
            its loss shows as plainly as that of randomized response.
        smallest_event: an event of this probability or more that only one of the inputs has would have refuted the
            claim with probability 0.95.
        curve: (samples per input, what was reached) as it grew; for the picture, not for the verdict.
    """

    outcome: AuditOutcome
    claim: Claim
    event: str
    pair: str
    likely: tuple[float, ...]
    unlikely: tuple[float, ...]
    samples: int
    alpha: float
    seed: int
    detectable_epsilon: float
    smallest_event: float
    curve: tuple[tuple[int, float], ...]
    explanation: str


@dataclass(frozen=True, kw_only=True)
class AuditVerdict(Audited):
    """The outcome of an audit with a fixed number of samples, which select the event and certify it; with delta 0 the
    latter are Poisson, so about. The curve is that of the certified epsilon.
    """

    bound: Bound


@dataclass(frozen=True, kw_only=True)
class SequentialVerdict(Audited):
    """The outcome of a sequential audit. The event is the one that was staked on most at the end, the curve that of the
    wealth; what could have been shown is reckoned for all the outputs that might have been drawn.

    Args:
        wealth: of all purses together at the end; a true claim lets it reach 1 / alpha with a chance of alpha.
        outputs: of all pairs and inputs.
    """

    wealth: float
    outputs: int
