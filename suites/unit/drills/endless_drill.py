"""A drill on nothing at all, which breaks (a file appears) and then waits for replicas that never come back:
``python endless_drill.py FILE [HEAL]``, to be ended from outside.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from fixtures.drills.commands import Commands, command_fault
from fixtures.drills.drill import run_drill
from fixtures.drills.judgement import ReadBack
from fixtures.drills.subject import DrillSubject, Outcome, Pace


class Agreeable:
    """A writer that is told yes, until something is broken."""

    def __init__(self, broken: Path) -> None:
        self._broken = broken

    def send(self, key: str, text: str, *, deadline_s: float, fresh: bool) -> Outcome:
        """See `fixtures.drills.subject.Writer.send`."""
        del key, text, deadline_s, fresh
        return "info" if self._broken.exists() else "ok"

    def close(self) -> None:
        """See `fixtures.drills.subject.Writer.close`."""


def main(broken: Path, heal: str) -> None:
    """Drill; the injection's file is removed by the heal, a line for the shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    subject = DrillSubject(
        writers=lambda _: Agreeable(broken),
        read=lambda _: True,
        read_back=lambda _: ReadBack((), complete=True),
        writable={},
        redundant=lambda: False,
        replicas=1,
    )
    fault = command_fault("f", Commands(("touch", str(broken)), ("sh", "-c", heal), 10), broken.parent)
    run_drill(subject, fault, scenario="f", directory=broken.parent / "drill", pace=Pace(baseline_s=0.2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), (*sys.argv[2:], f"rm -f {sys.argv[1]}")[0])
