"""What all records of flaws have in common: each says of which kind of target it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Target = TypeVar("Target")


@dataclass(frozen=True)
class Flaws(Generic[Target]):
    """What can be wrong with a target of the lab. A record without arguments is the clean twin."""
