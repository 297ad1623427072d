"""Where a load stands, while it is sent: in place on a terminal, elsewhere in a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from loadtests.generator.spec import Progress

EVERY_S = 10.0


class Lines:
    """Says where a load stands at every new phase, and every so often within one.

    Args:
        say: takes one line.
        every_s: least time between two lines of a phase.
        clock: seconds of a clock that never goes back.
    """

    def __init__(
        self, say: Callable[[str], None], every_s: float = EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._every_s, self._clock = say, every_s, clock
        self._phase, self._said = "", 0.0

    def __call__(self, progress: Progress) -> None:
        """Say it, unless something of this phase was said just now."""
        now = self._clock()
        if progress.phase == self._phase and now - self._said < self._every_s:
            return
        self._phase, self._said = progress.phase, now
        self._say(progress.line())


@contextmanager
def shown(console: Console, beginning: str) -> Iterator[Callable[[Progress], None]]:
    """What shows the progress of a load on a console, until it ends.

    Args:
        beginning: what stands there before the first progress.
    """
    if not console.is_terminal:
        console.print(beginning, markup=False, highlight=False, soft_wrap=True)
        yield Lines(lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True))
        return
    with console.status(beginning) as status:
        yield lambda progress: status.update(progress.line())
