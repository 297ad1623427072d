"""Whether something was let in, as stores and privileges answer it."""

from __future__ import annotations

from dataclasses import dataclass

_INSUFFICIENT_PRIVILEGE = "42501"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
_RAISED = "P0001"  # RAISE EXCEPTION of a trigger


@dataclass(frozen=True)
class Attempt:
    """Whether a statement or connection was accepted, and the refusal (SQLSTATE and message) if not.

    ``state`` is the SQLSTATE of a refused statement; empty where there is none. ``challenged`` says of a refused
    connection that a password was asked for, and the right one was not given.
    """

    accepted: bool
    refusal: str
    state: str = ""
    challenged: bool = False

    @property
    def forbidden(self) -> bool:
        """Whether it was refused for want of the right, or by a trigger: a missing column or a time-out is neither."""
        return not self.accepted and self.state in (_INSUFFICIENT_PRIVILEGE, _RAISED)
