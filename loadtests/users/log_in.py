"""Which ways of logging in a load's users know: one request, or a header of their own."""

from __future__ import annotations

from checks.application import LogIn
from checks.model import CannotLookError


def why_unplayable(how: LogIn) -> str:
    """Why a load's users cannot log in so; empty when they can."""
    if how.kind in ("basic", "bearer"):
        return ""
    try:
        how.asked("", "", "")
    except CannotLookError as problem:
        return str(problem)
    return ""
