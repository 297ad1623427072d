"""Taking several looks, of which one that fails hides nothing that the others see.

yield from every(partial(_refused, at, version) for at in edge.addresses() for version in versions)
yield from every_named({act.name: partial(_tried, act) for act in acts})    # says which ones could not be taken
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from checks.model import CannotLookError, Finding, NotDeclaredError, Reason

Look = Callable[[], Iterable[Finding]]


def every(looks: Iterable[Look]) -> Iterator[Finding]:
    """The findings of all looks, in their order.

    Raises:
        CannotLookError: after all findings, what was said of looks that could not be taken. It is the lack of a part
            only where every one of them lacks that part.
    """
    yield from _taken(("", look) for look in looks)


def every_named(looks: Mapping[str, Look]) -> Iterator[Finding]:
    """`every`, and the error names the looks that could not be taken."""
    yield from _taken(looks.items())


def _taken(looks: Iterable[tuple[str, Look]]) -> Iterator[Finding]:
    unseen: list[tuple[str, CannotLookError]] = []
    for name, look in looks:
        try:
            yield from look()
        except CannotLookError as problem:
            unseen.append((name, problem))
    if unseen:
        raise _summary(unseen)


def _summary(unseen: list[tuple[str, CannotLookError]]) -> CannotLookError:
    """The worst of them: what could not be seen comes before what is not there to be seen."""
    broken = [(name, problem) for name, problem in unseen if not isinstance(problem, NotDeclaredError)]
    told = broken or unseen
    first = told[0][1]
    names = ", ".join(name for name, problem in told if name and _cause(problem) == _cause(first))
    msg = f"{names}: {first}" if names else str(first)
    if broken:
        return CannotLookError(msg, first.reason)
    parts = {problem.part: problem for _, problem in unseen if isinstance(problem, NotDeclaredError)}
    if len(parts) == 1:
        return NotDeclaredError(msg, *parts)
    return CannotLookError("; ".join([msg, *map(str, list(parts.values())[1:])]), Reason.NOT_DECLARED)


def _cause(problem: CannotLookError) -> str:
    return problem.part if isinstance(problem, NotDeclaredError) else str(problem)
