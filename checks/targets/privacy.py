"""The differential-privacy mechanism of a deployment: what it claims, and what it releases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class PrivacyClaim:
    """What a component says of its mechanism.

    Args:
        source: the component's own name.
        mechanism: the noise's law, ``gaussian`` or ``laplace``.
        epsilon: of one query; likewise ``delta``.
        budget: what one user may spend; None, as ``minimum_participants``, for a component that only draws noise.
        noise_multiplier: standard deviation (Gaussian) or scale (Laplace) of the noise over what adding or removing
            one patient can move.
        adjacency: neighbours, between which epsilon and delta hold: ``add-remove`` one patient, or ``substitute`` one.
    """

    source: str
    mechanism: str
    epsilon: float
    delta: float
    budget: float | None
    noise_multiplier: float
    minimum_participants: int | None
    adjacency: str = "add-remove"


@dataclass(frozen=True)
class Spending:
    """Outcome of many concurrent queries by one user whose budget covers only some of them.

    ``epsilon_spent`` is what the granted ones cost by RDP at the deployment's delta, ``epsilon_reported`` what the
    deployment says afterwards, ``other`` counts answers that are neither a grant nor the refusal; ``detail`` names
    them.
    """

    asked: int
    granted: int
    refused: int
    other: int
    epsilon_spent: float
    epsilon_reported: float
    budget: float
    detail: str = ""


@dataclass(frozen=True)
class NodeNoise:
    """Noise that one node put into its answers of some kinds, in units of each query's sensitivity.

    Args:
        node: ``host:port``.
        name: what the node calls itself, as in the claim of its settings.
        kinds: which queries, in words.
        values: what it answered less what is exact; a release of several values shares its noise out, which is undone.
        stated: the smallest noise multiplier that its answers say they carry.
    """

    node: str
    name: str
    kinds: str
    values: tuple[float, ...]
    stated: float


@dataclass(frozen=True)
class Repetition:
    """One query asked again and again as a fresh release each time, and every answer's values."""

    source: str
    answers: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ReleasedNoise:
    """What users really get: noise in the application's own answers about a cohort that is empty.

    Args:
        source: the application.
        values: what was released less what is exact, in units of what one patient can move.
        answers: how many answers they stand in.
        users: how many fresh users asked.
        ended_by: the refusal that ended it, in words; empty when everything that was asked was answered.
    """

    source: str
    values: tuple[float, ...]
    answers: int
    users: int
    ended_by: str


@runtime_checkable
class Mechanism(Protocol):
    """The differential-privacy mechanism of the deployment."""

    def claims(self) -> tuple[PrivacyClaim, ...]:
        """The claim of every component that draws noise or accounts for it, from its own configuration."""
        ...

    def sample(self, size: int, seed: int) -> npt.NDArray[np.float64]:
        """Noise of ``size`` releases of one constant sensitivity-1 query, from what serves now; shape (size,).

        Args:
            seed: recorded beside the result; a secure generator cannot be seeded.
        """
        ...

    def sample_each(self, size: int, seed: int) -> tuple[NodeNoise, ...]:
        """Noise in at least ``size`` values of each node's own answers, per group of query kinds.

        Args:
            seed: recorded beside the result; a secure generator cannot be seeded.
        """
        ...

    def repeat(self, times: int) -> Iterator[Repetition]:
        """One query of many values asked ``times`` times: of every node, then through the application by a fresh
        user.
        """
        ...

    def released(self, queries: int, users: int) -> ReleasedNoise:
        """Let fresh users ask the application up to ``queries`` queries each, as many as it allows them."""
        ...

    def spend(self, clients: int, queries: int) -> Spending:
        """Let one fresh user ask ``queries`` costly queries from ``clients`` concurrent connections."""
        ...
