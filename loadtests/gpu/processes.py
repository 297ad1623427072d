"""Child processes that are gone when they are not needed any more, whatever becomes of this one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
_GRACE_S = 10.0


@contextlib.contextmanager
def running(
    argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, so that Ctrl-C reaches only this one; asked to end at the end, and then
    killed.

    Args:
        log: takes what it prints; stdout and stderr together.
        environment: beside this process's own.
    """
    guard = shutil.which("setpriv")  # ends it with this process even if that is killed
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*([guard, "--pdeathsig", "KILL"] if guard else []), *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
    finally:  # an engine has workers of its own, in the same session
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ended(process: subprocess.Popen[bytes], within_s: float) -> bool:
    """Whether a process ends within so long."""
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def last_line(log: Path) -> str:
    """The last line of a log that says anything."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
