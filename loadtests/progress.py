"""Where a load stands, while it is sent: read from its sender's file, shown in place on a terminal, elsewhere in a line
now and then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from loadtests.generator.spec import Progress

EVERY_S = 10.0


def unseen(progress: Progress) -> None:
    """Nobody watches."""
    del progress


class ProgressFile:
    """The file to which the process that sends a load appends its progress; there is none before its first line."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0

    def new(self) -> list[Progress]:
        """What is new since the last look."""
        if not self._path.exists():
            return []
        *lines, _ = self._path.read_text().split("\n")
        fresh, self._read = lines[self._read :], len(lines)
        return [Progress(**json.loads(line)) for line in fresh]


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
    with console.status(escape(beginning)) as status:
        yield lambda progress: status.update(escape(progress.line()))
