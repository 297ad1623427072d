"""Ask a program: bytes in, bytes out, in bounded time and space."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from reports.keys import SigningKeyError
from reports.redaction import printable

TIMEOUT_S = 30.0
_LARGEST = 64 * 1024
_WORDS = 200
_LOOK_S = 0.05


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
        # To files: what it starts may keep its output open for ever. The message has a PIN in it, and is on no disk.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, _in_memory(message) as given:
            # A session of its own: what it starts ends with it, and a Ctrl-C in the middle of a run does not end it.
            with subprocess.Popen(words, stdin=given, stdout=output, stderr=errors, start_new_session=True) as child:
                in_time = _ended(child, (output, errors), timeout_s)
            printed, complaint = (_read(file) for file in (output, errors))
    except OSError as problem:
        msg = f"{name} cannot be run: {problem.strerror}"
        raise SigningKeyError(msg) from problem
    if not in_time:
        msg = f"{name} did not answer within {timeout_s:g} s"
        raise SigningKeyError(msg)
    if max(len(printed), len(complaint)) > _LARGEST:
        msg = f"{name} printed more than {_LARGEST} bytes, which is no answer"
        raise SigningKeyError(msg)
    if child.returncode != 0:
        said = " ".join(printable(complaint.decode(errors="replace")).split())[-_WORDS:]
        msg = f"{name} ended with status {child.returncode}{f': {said}' if said else ''}"
        raise SigningKeyError(msg)
    return printed


def _ended(child: subprocess.Popen[bytes], written: Sequence[IO[bytes]], timeout_s: float) -> bool:
    """Whether it ended by itself in time; else, and when it prints without end, it is killed with what it started."""
    deadline = time.monotonic() + timeout_s
    try:
        while all(os.fstat(file.fileno()).st_size <= _LARGEST for file in written):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_LOOK_S)
                return True
            if time.monotonic() > deadline:
                _kill(child)
                return False
    except BaseException:
        _kill(child)
        raise
    _kill(child)
    return True


def _in_memory(message: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("message"), "w+b")
    file.write(message)
    file.seek(0)
    return file


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_LARGEST + 1)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
