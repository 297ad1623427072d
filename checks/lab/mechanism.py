"""What can be wrong with a differentially private mechanism: with what it claims, and with what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Mechanism


@dataclass(frozen=True)
class ClaimFlaws(Flaws[Mechanism]):
    """The settings files of a router and two nodes. Nothing runs: no service starts on claims that contradict.

    Args:
        settings: dotted setting -> value in all of them, e.g. ``privacy.noise_multiplier``.
        at_node: the same, in the file of one node only.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    at_node: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class MechanismFlaws(Flaws[Mechanism]):
    """The router and its nodes, which run.

    Args:
        served: dotted setting -> value that nodes were started with, when that is not what their files say any more.
        served_by: by how many of the nodes; the others keep to their files.
        served_by_router: True has the router started with it as well.
        cached: ``nodes`` or ``application`` have a proxy in front of them that remembers answers.
        enforced: False discards every charge in the database as soon as its answer is stored.
        serialised: False takes the lock out of the database that keeps one user's reservations apart.
        noiseless: in the place of so many nodes answers a program that says it adds noise, and adds none.
    """

    served: Mapping[str, object] = field(default_factory=dict)
    served_by: int = 3
    served_by_router: bool = False
    cached: Literal["", "nodes", "application"] = ""
    enforced: bool = True
    serialised: bool = True
    noiseless: int = 0
