"""The hospital nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class NodeContact:
    """What a federation node answered to one way of calling it; ``status`` is 0 where no answer came."""

    node: str
    way: str
    accepted: bool
    detail: str
    status: int = 0


@dataclass(frozen=True)
class Participation:
    """An aggregate asked for with some nodes out: how many took part and whether a value was released."""

    available: int
    status: int
    released: bool


@dataclass(frozen=True)
class JointAnswer:
    """What the application answered of all hospitals while one node's place was taken by another program.

    Args:
        kind: of the query, which is over all patients.
        behaviour: of the program, see `Federation.beside`; empty when every node is itself.
        value: what was released, None when nothing was.
        participants: as the answer says.
        clip: to which interval it says that each node's part was clipped; None when it does not say.
        noise_scale: standard deviation of one node's noise, as it says.
    """

    kind: str
    behaviour: str
    status: int
    value: float | None
    participants: int
    clip: tuple[float, float] | None
    noise_scale: float


@dataclass(frozen=True)
class ProblemPart:
    """A node's part of the federation's public reference problem, ridge regression: rows of X, and y."""

    node: str
    rows: tuple[tuple[float, ...], ...]
    targets: tuple[float, ...]
    ridge: float


@dataclass(frozen=True)
class Training:
    """A federated training on the reference problem: where it ended, after how many rounds, with how many nodes."""

    strategy: str
    weights: tuple[float, ...]
    rounds: int
    participants: int


@dataclass(frozen=True)
class RoleAnswer:
    """The status of the answer to somebody of this role; without a log-in it is empty."""

    role: str
    status: int


@runtime_checkable
class Federation(Protocol):
    """The hospital nodes."""

    def contact(self, way: str) -> tuple[NodeContact, ...]:
        """Call every node ``with-certificate``, ``without-certificate``, ``foreign-certificate`` or ``plaintext``."""
        ...

    def aggregate_with(self, available: int) -> Participation:
        """Ask the router for an aggregate while only ``available`` nodes can be reached; heals afterwards."""
        ...

    def beside(
        self, behaviours: Sequence[str], kinds: Sequence[str] = ("count",), honest: int | None = None
    ) -> tuple[JointAnswer, ...]:
        """Ask the application, as a fresh user, for aggregates over all patients while one node is not itself; heals
        afterwards.

        Args:
            behaviours: of the program in that node's place: ``claims:N`` answers N for every value, ``fails`` HTTP 500,
                ``garbled`` no JSON, ``short`` a value too few, ``late`` not in time; empty for the node itself.
            kinds: asked under each behaviour: ``count`` or ``sum``.
            honest: how many other nodes can be reached; all when None.
        """
        ...

    def problem(self) -> tuple[ProblemPart, ...]:
        """The reference problem, as its nodes publish it."""
        ...

    def train(self, rounds: int) -> Training:
        """Train on the reference problem through the application for at most so many rounds."""
        ...

    def train_as(self) -> tuple[RoleAnswer, ...]:
        """Ask for a training of no rounds as every role that the deployment has a test account of, and without a
        log-in.
        """
        ...
