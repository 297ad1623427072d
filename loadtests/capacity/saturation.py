"""What was full first when a rate was too much: from the resources seen at the rate that held and at the one that did
not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ResourceKind(StrEnum):
    """Of resource. A full one explains those after it: a line grows where no processor is free to serve it."""

    GENERATOR = "generator"
    MACHINE = "machine"
    THREAD = "thread"
    ACCELERATOR = "accelerator"
    PLACES = "places"
    LINE = "line"
    BACKLOG = "backlog"
    OTHER = "other"  # says more about those above; never full itself


OTHERS = "others on this machine"
_CAUSES = tuple(ResourceKind)
_FULL = {
    ResourceKind.GENERATOR: 1.0,
    ResourceKind.MACHINE: 0.85,
    ResourceKind.THREAD: 0.85,
    ResourceKind.ACCELERATOR: 0.85,
    ResourceKind.PLACES: 0.9,
    ResourceKind.LINE: 1.0,
    ResourceKind.BACKLOG: 1.0,
}


@dataclass(frozen=True)
class Resource:
    """How much of something was used during one load.

    Processors and places are means over the measured window, lines and backlogs the longest seen. Without a limit
    nothing can be full; a limit of 0 is for what should not happen at all.
    """

    kind: ResourceKind
    name: str
    used: float
    limit: float | None
    unit: str

    @property
    def full(self) -> bool:
        """Whether there was nothing left to speak of."""
        if self.kind not in _FULL or self.limit is None:
            return False
        return self.used >= _FULL[self.kind] * self.limit if self.limit else self.used > 0

    def amount(self) -> str:
        """Used, of the limit, with the unit."""
        shape = ".0f" if self.unit in ("", "requests", "entries", "connections", "ms") else ".2f"
        return f"{self.used:{shape}}{f' of {self.limit:g}' if self.limit else ''} {self.unit}".rstrip()


@dataclass(frozen=True)
class ResourceUse:
    """One resource at the rate that held and at the one that was refuted; None where it was not seen."""

    name: str
    held: Resource | None
    refuted: Resource | None


@dataclass(frozen=True)
class Saturation:
    """The resource that was full first, None when none of those that could be seen was; and all lines of evidence."""

    first: Resource | None
    lines: tuple[ResourceUse, ...]


def first_full(held: Sequence[Resource], refuted: Sequence[Resource]) -> Saturation:
    """Of what was full at the refuted rate, the one that explains most; among equals the one fullest before.

    Lines of evidence: what was full or used most, the explaining first.
    """
    before = {(r.kind, r.name): r for r in held}
    after = {(r.kind, r.name): r for r in refuted}

    def rank(resource: Resource) -> tuple[int, float, float]:
        earlier = before.get((resource.kind, resource.name))
        return _CAUSES.index(resource.kind), -(earlier.used if earlier else 0.0), -resource.used

    first = min((r for r in refuted if r.full), key=rank, default=None)
    keys = sorted({*before, *after}, key=lambda key: _order(before.get(key), after.get(key)))
    return Saturation(first, tuple(ResourceUse(key[1], before.get(key), after.get(key)) for key in keys))


def _order(held: Resource | None, refuted: Resource | None) -> tuple[int, float]:
    last = refuted or held
    assert last is not None  # noqa: S101  one of them was seen
    return _CAUSES.index(last.kind), -last.used
