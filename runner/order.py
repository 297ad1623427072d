"""Which check runs when: those that load, cut or kill the deployment come last."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from checks.model import Check

# What drills may have damaged: looked at when they are over, in a gate, too.
_AFTERWARDS = ("audit/chain_intact",)
_DISRUPTIVE = ("performance", "federation", "operations", "backup", "recovery")  # after all others, in this order
DRILLS = ("backup", "recovery")


def room_of(rule: Check) -> str:
    """The folder that a check stands in: of the catalogue, or of a user's own."""
    return rule.id.split("/")[-2]


def in_running_order(rules: Iterable[Check]) -> list[Check]:
    """Peaceful checks first."""

    def place(rule: Check) -> int:
        if rule.id in _AFTERWARDS:
            return len(_DISRUPTIVE) + 1
        room = room_of(rule)
        return _DISRUPTIVE.index(room) + 1 if room in _DISRUPTIVE else 0

    return sorted(rules, key=place)


def of_drills(rule: Check) -> bool:
    """Whether it is judged in a run of drills."""
    return rule.drills_only or room_of(rule) in DRILLS or rule.id in _AFTERWARDS


def marks_of(rule: Check) -> list[pytest.MarkDecorator]:
    """A gate runs every check that is not for drills only; a drill those, and backup's, recovery's and the trail's."""
    gate = [] if rule.drills_only else [pytest.mark.gate]
    return [*gate, *([pytest.mark.drill] if of_drills(rule) else [])]
