"""Taking several looks, of which one that fails hides nothing that the others see.

yield from every(partial(_refused, at, version) for at in edge.addresses() for version in versions)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from checks.model import CannotLookError, Finding


def every(looks: Iterable[Callable[[], Iterable[Finding]]]) -> Iterator[Finding]:
    """The findings of all looks, in their order.

    Raises:
        CannotLookError: after all findings, what the first look said that could not be taken.
    """
    unseen: CannotLookError | None = None
    for look in looks:
        try:
            yield from look()
        except CannotLookError as problem:
            unseen = unseen or problem
    if unseen is not None:
        raise unseen
