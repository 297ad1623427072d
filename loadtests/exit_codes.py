"""How a command ends: with one of four exit codes, and with one sentence where it ends early.

Every command does its work inside `one_sentence`, named with the errors whose message says what to mend::

    with one_sentence(ProfileError, SpecError):
        profile = load_profile(name)

Such an error, a wrong option, a file that cannot be opened, and Ctrl-C or SIGTERM end the command with 2. Whatever else
is raised, by a full disk or by a fault of this program, ends it with 3, because nothing was found out, and never with
Python's own 1, which would say that something does not hold. ``CLINICAL_GATE_DEBUG=1`` shows where it was raised.

It stands in this room because this is the lowest one that has a command (`loadtests.gpu`).
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path

import click
from click.exceptions import Exit, NoArgsIsHelpError

from checks.model import plain

DEBUG = "CLINICAL_GATE_DEBUG"


class ExitCode(IntEnum):
    """What a command's exit code says."""

    HOLDS = 0
    DOES_NOT_HOLD = 1
    STOPPED = 2  # usage, unreadable input, or interrupted
    UNKNOWN = 3


@contextmanager
def one_sentence(*mendable: type[Exception]) -> Iterator[None]:
    """Turn what is raised inside into one sentence on stderr and an exit code, as this module says.

    Raises:
        click.exceptions.Exit: instead of what was raised; click ends the process with its code.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # containers are stopped by SIGTERM
    try:
        yield
    except (Exit, NoArgsIsHelpError):  # --help, or a group without a command, which shows its help and ends with 2
        raise
    except BaseException as problem:
        code, sentence = _ending(problem, mendable)
        if code is ExitCode.UNKNOWN and os.environ.get(DEBUG):
            traceback.print_exception(problem)
        if sentence:
            with suppress(BrokenPipeError):
                click.echo(f"clinical-gate: {plain(' '.join(sentence.split()))}", err=True)
        raise Exit(code) from problem
    finally:
        signal.signal(signal.SIGTERM, before)


def _ending(problem: BaseException, mendable: tuple[type[Exception], ...]) -> tuple[ExitCode, str]:
    code, sentence = ExitCode.STOPPED, str(problem)
    match problem:
        case click.UsageError():
            path = problem.ctx.command_path if problem.ctx else "clinical-gate"
            sentence = f"{problem.format_message().rstrip('.?')}; see {path} --help"
        case click.ClickException():
            sentence = problem.format_message()
        case _ if isinstance(problem, mendable):
            pass
        case KeyboardInterrupt() | click.Abort():
            sentence = "interrupted"
        case BrokenPipeError() | SystemExit(__context__=BrokenPipeError()):  # rich turns the one into the other
            sentence = ""  # nobody reads on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain at its end
        case OSError(filename=str() | Path() as file):
            sentence = f"{file}: {problem.strerror}"
        case OSError():
            code, sentence = ExitCode.UNKNOWN, f"nothing was found out: {problem}"
        case _:
            what = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
            code = ExitCode.UNKNOWN
            sentence = f"a fault of clinical-gate, so nothing was found out: {what} ({DEBUG}=1 shows where)"
    return code, sentence
