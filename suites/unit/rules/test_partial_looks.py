"""A look that could not be taken hides nothing, and is named; what is lacking excuses nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from checks.looking import every, every_named
from checks.model import CannotLookError, Finding, NotDeclaredError, Reason

Look = Callable[[], Iterator[Finding]]


def _seen(subject: str) -> Iterator[Finding]:
    yield Finding(subject, ok=True, message="holds")


def _stopped(problem: CannotLookError) -> Iterator[Finding]:
    yield Finding("half", ok=True, message="holds")
    raise problem


def _look(problem: CannotLookError) -> Look:
    return partial(_stopped, problem)


def _all(looks: dict[str, Look]) -> tuple[list[str], CannotLookError]:
    """The subjects that were seen, and then the error."""
    findings, subjects = every_named(looks), list[str]()
    try:
        while True:
            subjects.append(next(findings).subject)
    except CannotLookError as problem:
        return subjects, problem


WRITES = NotDeclaredError("this writes to it", "writes")


def test_all_looks_are_taken_and_those_that_could_not_be_are_named() -> None:
    """By what they all lack."""
    looks: dict[str, Look] = {"erase": _look(WRITES), "read": partial(_seen, "read"), "add": _look(WRITES)}
    subjects, problem = _all(looks)
    assert subjects == ["half", "read", "half"]
    assert isinstance(problem, NotDeclaredError)
    assert (str(problem), problem.part) == ("erase, add: this writes to it", "writes")


def test_what_could_not_be_seen_outranks_what_is_lacking() -> None:
    """Or a policy that lets the part be lacking would let the rest pass."""
    _, problem = _all({"erase": _look(WRITES), "list": _look(CannotLookError("HTTP 502", Reason.CRASHED))})
    assert not isinstance(problem, NotDeclaredError)
    assert (str(problem), problem.reason) == ("list: HTTP 502", Reason.CRASHED)


def test_two_parts_that_are_lacking_are_no_single_one() -> None:
    """Nobody can excuse both by one of them."""
    _, problem = _all({"erase": _look(WRITES), "list": _look(NotDeclaredError("nothing yields {x}", "acts"))})
    assert not isinstance(problem, NotDeclaredError)
    assert problem.reason is Reason.NOT_DECLARED
    assert str(problem) == "erase: this writes to it; nothing yields {x}"


def test_without_names_the_first_is_told() -> None:
    """And nothing is raised where every look was taken."""
    assert [finding.subject for finding in every([partial(_seen, "a"), partial(_seen, "b")])] == ["a", "b"]
    with pytest.raises(CannotLookError, match=r"^first$"):
        list(every([_look(CannotLookError("first")), _look(CannotLookError("second"))]))
