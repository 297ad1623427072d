"""Taking several looks, of which one that fails hides nothing that the others see.

yield from every(partial(_refused, at, version) for at in edge.addresses() for version in versions)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from checks.model import CannotLookError, Finding, NotDeclaredError, Reason


def every(looks: Iterable[Callable[[], Iterable[Finding]]]) -> Iterator[Finding]:
    """The findings of all looks, in their order.

    Raises:
        CannotLookError: after all findings, why a look could not be taken. That something is not declared is said only
            where nothing else is in the way, and as one part that may be lacking only where all lack that one.
    """
    unseen: list[CannotLookError] = []
    for look in looks:
        try:
            yield from look()
        except CannotLookError as problem:
            unseen.append(problem)
    if not unseen:
        return
    lacking = [problem for problem in unseen if isinstance(problem, NotDeclaredError)]
    if others := [problem for problem in unseen if problem not in lacking]:
        raise others[0]
    if len({problem.part for problem in lacking}) > 1:
        raise CannotLookError("; ".join(dict.fromkeys(map(str, lacking))), Reason.NOT_DECLARED)
    raise lacking[0]
