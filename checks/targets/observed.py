"""What a deployment is, as it could be seen: versions, images, models, digests of what is configured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, order=True)
class ObservedFact:
    """One fact of one part.

    Args:
        part: e.g. ``database``, or ``container web``: the same from run to run, and no address.
        name: e.g. ``version`` or ``schema``.
        value: what was seen; of what is long, ``sha256:`` and 64 hex digits. Empty where it could not be seen.
        unseen: why not; empty where it was.
    """

    part: str
    name: str
    value: str
    unseen: str = ""


@runtime_checkable
class Observable(Protocol):
    """A target that can say what it is. No rule asks for it: it goes into the report as it is."""

    def observed(self) -> Iterable[ObservedFact]:
        """The facts, those that cannot be seen among them."""
        ...
