"""Ask a program: bytes in, bytes out, in bounded time and space."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence

from reports.keys import SigningKeyError
from reports.redaction import printable

TIMEOUT_S = 30.0
_LARGEST = 64 * 1024
_WORDS = 200


def ask(words: Sequence[str], message: bytes, *, name: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """What a program prints when it is given a message.

    Args:
        words: the program and its arguments; no shell.
        message: for its standard input.
        name: for people; the arguments are told to nobody.

    Raises:
        SigningKeyError: it cannot be run, ended with another status than 0, was too slow or printed too much.
    """
    try:
        with tempfile.TemporaryFile() as errors:
            # A session of its own: what it starts ends with it, and a Ctrl-C in the middle of a run does not end it.
            with subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            ) as child:
                printed, late = _talk(child, message, timeout_s)
            errors.seek(0)
            complaint = errors.read(_LARGEST).decode(errors="replace")
    except OSError as problem:
        msg = f"{name} cannot be run: {problem.strerror}"
        raise SigningKeyError(msg) from problem
    if late:
        msg = f"{name} did not answer within {timeout_s:g} s"
        raise SigningKeyError(msg)
    if len(printed) > _LARGEST:
        msg = f"{name} printed more than {_LARGEST} bytes, which is no answer"
        raise SigningKeyError(msg)
    if child.returncode != 0:
        said = " ".join(printable(complaint).split())[-_WORDS:]
        msg = f"{name} ended with status {child.returncode}{f': {said}' if said else ''}"
        raise SigningKeyError(msg)
    return printed


def _talk(child: subprocess.Popen[bytes], message: bytes, timeout_s: float) -> tuple[bytes, bool]:
    """What it printed, as far as it is read, and whether it was killed for being too slow."""
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(child)

    timer = threading.Timer(timeout_s, end)
    timer.start()
    try:
        stdin, stdout = child.stdin, child.stdout
        with contextlib.suppress(BrokenPipeError):  # it may know its answer without
            if stdin is not None:
                with stdin:
                    stdin.write(message)
        printed = stdout.read(_LARGEST + 1) if stdout is not None else b""
        if len(printed) > _LARGEST:
            _kill(child)
        child.wait()
    except BaseException:
        _kill(child)
        raise
    finally:
        timer.cancel()
    return printed, late.is_set()


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
