"""What the properties of the accountant are stated about: something that says what releases cost, something that keeps
budgets by it.

The product's own code stands behind both (`kept.py`, `served.py`), and so do the seeded bugs (`seeded/`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.errors import FlakyFailure

Releases = tuple[tuple[float, int], ...]  # (noise multiplier, how many), in ascending order of the multiplier
ROUNDING = 1e-9  # relative, as in the product: what the addition of floating-point numbers may lose


class Accountant(Protocol):
    """Says what Gaussian releases cost together."""

    def cost(self, releases: Releases, delta: float) -> float:
        """Epsilon at ``delta``."""
        ...


class Fate(Enum):
    """What becomes of a request after its cost was reserved."""

    ANSWERED = "the answer arrives"
    LOST = "the noise is drawn, and no answer can be made of it"
    KILLED = "the noise is drawn, and the process is killed before it answers"


class ClientOutcome(Enum):
    """What the client sees."""

    ANSWERED = "an answer"
    REFUSED = "a refusal: the budget is exhausted"
    CONFLICT = "a refusal: the key stands for another query"
    NOTHING = "no answer, or one that says nothing of the budget"


@dataclass(frozen=True)
class Ask:
    """A request: ``key`` is its idempotency key, ``query`` stands for what it asks."""

    user: str
    key: str
    query: int = 0
    process: int = 0


@dataclass(frozen=True)
class ClientReply:
    """What came back; ``answer`` only where there is one."""

    outcome: ClientOutcome
    answer: object = None


class Keeper(Protocol):
    """Keeps budgets, by several processes at once.

    Args:
        noise_multipliers: those that it can be asked to account for.
        examples: of each property that are worth its time.
        restarts_cheaply: whether a process can be killed in the middle of an example.
    """

    processes: int
    noise_multipliers: Sequence[float]
    delta: float
    examples: int
    restarts_cheaply: bool

    def open(self, noise_multiplier: float, budget: float, tenant: str = "") -> str:
        """A new user whose releases have this noise; without a tenant in whichever there is."""
        ...

    def tenant(self, budget: float) -> str:
        """A new tenant, whose users may spend so much together; empty where tenants cannot be made."""
        ...

    def ask(self, ask: Ask, fate: Fate = Fate.ANSWERED) -> ClientReply:
        """One request and what became of it."""
        ...

    def rush(self, asks: Sequence[Ask]) -> list[ClientReply]:
        """Many requests, all under way at once."""
        ...

    def spent(self, user: str, process: int = 0) -> float:
        """What this process says the user has spent, as epsilon."""
        ...

    def restart(self, process: int) -> None:
        """Kill a process and start it again."""
        ...

    def crash(self, asks: Sequence[Ask]) -> list[ClientReply]:
        """Kill whatever stores the budgets while these requests are under way, start it again; the replies."""
        ...


class BrokenError(AssertionError):
    """A property does not hold; ``name`` says which."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


def require(name: str, holds: bool, message: str) -> None:  # noqa: FBT001  what a sentence asserts
    """Assert one instance of a property.

    Raises:
        BrokenError: it does not hold.
    """
    if not holds:
        raise BrokenError(name, message)


def search(property_of_a_race: Callable[[], None]) -> None:
    """Run a search in which requests race, where one failure counts: the same example need not fail once more.

    Raises:
        BrokenError: the property does not hold.
    """
    try:
        property_of_a_race()
    except FlakyFailure as flaky:
        broken = flaky.subgroup(BrokenError)
        if broken is None:
            raise
        raise broken.exceptions[0] from flaky


def bounded(examples: int, *, shrink: bool = True, steps: int = 20) -> settings:
    """Hypothesis settings: the same examples in every run, as many as asked; nothing is kept between runs.

    Args:
        shrink: False where an example takes real services, whose time is not worth a smaller counterexample.
    """
    phases = (Phase.explicit, Phase.generate, Phase.shrink) if shrink else (Phase.explicit, Phase.generate)
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
