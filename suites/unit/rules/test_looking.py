"""Of several looks, what could not be seen is told as the gravest of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from checks.looking import every
from checks.model import CannotLookError, Finding, NotDeclaredError, Reason

SEEN = Finding(subject="this", ok=True, message="it holds", remedy="")


def sees() -> Iterator[Finding]:
    yield SEEN


def lacks(part: str) -> Callable[[], Iterator[Finding]]:
    def look() -> Iterator[Finding]:
        msg = f"no {part}"
        raise NotDeclaredError(msg, part)

    return look


def fails() -> Iterator[Finding]:
    msg = "it does not answer"
    raise CannotLookError(msg)


@pytest.mark.parametrize("looks", [(lacks("chain"), fails, sees), (fails, sees, lacks("chain"))])
def test_what_is_not_declared_hides_nothing_that_could_not_be_seen(
    looks: tuple[Callable[[], Iterator[Finding]], ...],
) -> None:
    found = every(looks)

    assert next(found) == SEEN
    with pytest.raises(CannotLookError, match="it does not answer") as told:
        next(found)
    assert not isinstance(told.value, NotDeclaredError)


def test_two_parts_that_are_not_declared_are_not_one_that_may_be_lacking() -> None:
    with pytest.raises(CannotLookError, match="no chain; no trail") as told:
        list(every([lacks("chain"), lacks("trail"), lacks("chain")]))
    assert not isinstance(told.value, NotDeclaredError)
    assert told.value.reason is Reason.NOT_DECLARED


def test_one_part_that_is_not_declared_is_that_part() -> None:
    with pytest.raises(NotDeclaredError) as told:
        list(every([lacks("chain"), sees, lacks("chain")]))
    assert told.value.part == "chain"
