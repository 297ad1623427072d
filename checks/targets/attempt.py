"""Whether something was let in, as stores and privileges answer it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """Whether a statement or connection was accepted, and the refusal (SQLSTATE or message) if not."""

    accepted: bool
    refusal: str
