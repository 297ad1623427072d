"""Which check runs when: those that load, cut or kill the deployment come last."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from checks.model import Check

_DISRUPTIVE = ("performance", "federation", "operations", "backup", "recovery")  # after all others, in this order
DRILLS = ("backup", "recovery")


def room_of(rule: Check) -> str:
    """The folder that a check stands in: of the catalogue, or of a user's own."""
    return rule.id.split("/")[-2]


def in_running_order(rules: Iterable[Check]) -> list[Check]:
    """Peaceful checks first."""

    def place(rule: Check) -> int:
        room = room_of(rule)
        return _DISRUPTIVE.index(room) + 1 if room in _DISRUPTIVE else 0

    return sorted(rules, key=place)


def marks_of(rule: Check) -> list[pytest.MarkDecorator]:
    """The gate runs every check; a drill runs those of backup and recovery."""
    return [pytest.mark.gate, *([pytest.mark.drill] if room_of(rule) in DRILLS else [])]
