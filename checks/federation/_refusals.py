"""Which refusals come from the rule that is looked at. Who was not logged in, may not ask or asked too often, and what
is missing or broken, is refused as well, and that says nothing about the rule.
"""

from __future__ import annotations

from collections.abc import Collection

from checks.model import CannotLookError

UNAUTHENTICATED, FORBIDDEN = 401, 403
_TOO_FEW = 503
_ELSEWHERE = (UNAUTHENTICATED, FORBIDDEN, 404, 429)
_BROKEN = 500


def refused(status: int, by_rule: Collection[int], asked: str, rule: str) -> bool:
    """Whether what was asked was refused by a rule.

    Args:
        by_rule: the statuses that this rule refuses with.
        asked: e.g. ``a training``.
        rule: e.g. ``the right to it``.

    Raises:
        CannotLookError: it was refused for another reason, or failed.
    """
    if status not in by_rule and (status in _ELSEWHERE or status >= _BROKEN):
        raise _silent(status, asked, rule)
    return status in by_rule


def withheld(status: int, asked: str, rule: str) -> None:
    """Require that a value which did not come was withheld because too few hospitals took part.

    Raises:
        CannotLookError: it did not come for another reason.
    """
    if status != _TOO_FEW:
        raise _silent(status, asked, rule)


def _silent(status: int, asked: str, rule: str) -> CannotLookError:
    return CannotLookError(f"{asked} answers {status}, which says nothing about {rule}")
