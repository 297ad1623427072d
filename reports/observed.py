"""What changed of a target, as it could be seen, between two reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.records import ObservedRecord


@dataclass(frozen=True)
class FactChange:
    """A fact that is not what it was; None where a report does not have it."""

    part: str
    name: str
    old: ObservedRecord | None
    new: ObservedRecord | None

    @property
    def shown(self) -> str:
        """For people."""
        old, new = (each.shown if each else "absent" for each in (self.old, self.new))
        return f"{self.name} of {self.part}: {old} -> {new}"


def fact_changes(old: Iterable[ObservedRecord], new: Iterable[ObservedRecord]) -> tuple[FactChange, ...]:
    """What is another value, was seen and is not any more, is new or is gone; by part and name."""
    before, after = ({(fact.part, fact.name): fact for fact in facts} for facts in (old, new))
    return tuple(
        FactChange(*key, before.get(key), after.get(key))
        for key in sorted(before | after)
        if _value(before.get(key)) != _value(after.get(key))
    )


def _value(fact: ObservedRecord | None) -> str | None:
    """Why something was not seen is no other value."""
    return fact.value if fact else None
