"""Which ways of logging in a load's users know: one request to the target itself, or a header of their own."""

from __future__ import annotations

from checks.application import LogIn
from checks.model import CannotLookError


def why_unplayable(how: LogIn) -> str:
    """Why a load's users cannot log in so; empty when they can."""
    if how.kind == "basic":
        return ""
    try:
        how.asked("", "", "")
    except CannotLookError as problem:
        return str(problem)
    if how.token and not how.base_url:
        return ""
    return "a load's users log in at the application itself and show a token: its [log_in] says neither"
