"""What can be wrong with a federation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Federation


@dataclass(frozen=True)
class FederationFlaws(Flaws[Federation]):
    """A router with three hospital nodes.

    Args:
        client_certificates: False lets the nodes answer callers without one.
        settings: dotted setting -> value in place of the router's reference one, e.g. ``federation.rounds``.
        behaviour: of a program that stands in one node's place: ``idle`` takes part in training and learns nothing.
    """

    client_certificates: bool = True
    settings: Mapping[str, object] = field(default_factory=dict)
    behaviour: Literal["", "idle"] = ""
