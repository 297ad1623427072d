"""How a command ends, whatever it raises: 0 and 1 are said by a command alone, never by chance."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from checks.policy import PolicyError
from commands.errors import CommandLine
from fixtures import REPOSITORY
from loadtests.exit_codes import DEBUG, ExitCode


def _ends(raised: BaseException | None = None, code: ExitCode | None = None) -> Result:
    """What a command line says and ends with whose only command raises or returns that."""

    @click.group(cls=CommandLine)
    def line() -> None:
        pass

    @line.command()
    def act() -> ExitCode | None:
        if raised:
            raise raised
        return code

    return CliRunner().invoke(line, ["act"])


@pytest.mark.parametrize("code", ExitCode)
def test_a_command_ends_with_what_it_returns(code: ExitCode) -> None:
    assert _ends(code=code).exit_code == code


def test_a_command_that_returns_nothing_holds() -> None:
    assert _ends().exit_code == 0


@pytest.mark.parametrize(
    ("raised", "sentence"),
    [
        (PolicyError("no policy named [red]"), "no policy named [red]"),
        (click.UsageError("No such thing."), "No such thing; see line act --help"),
        (click.ClickException("cannot write"), "cannot write"),
        (KeyboardInterrupt(), "interrupted"),
        (click.Abort(), "interrupted"),
        (PermissionError(13, "Permission denied", "key.pem"), "key.pem: Permission denied"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else None,
)
def test_what_can_be_mended_ends_with_2_and_says_what(raised: BaseException, sentence: str) -> None:
    done = _ends(raised)

    assert (done.exit_code, done.output) == (2, f"clinical-gate: {sentence}\n")


@pytest.mark.parametrize(
    ("raised", "what"),
    [
        (ValueError("not [bold]\na number"), "ValueError: not [bold] a number"),
        (AssertionError(), "AssertionError"),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (SystemExit(0), "SystemExit: 0"),  # of somebody else's code, which must not decide what holds
        (SystemExit(1), "SystemExit: 1"),
        (ExceptionGroup("two", [ValueError()]), "ExceptionGroup: two (1 sub-exception)"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else None,
)
def test_what_nobody_foresaw_is_a_fault_of_ours_and_ends_with_3(raised: BaseException, what: str) -> None:
    done = _ends(raised)

    said = f"clinical-gate: a fault of clinical-gate, so nothing was found out: {what} ({DEBUG}=1 shows where)\n"
    assert (done.exit_code, done.output) == (3, said)


def test_what_the_system_refuses_says_nothing_about_the_deployment() -> None:
    done = _ends(OSError(28, "No space left on device"))

    assert done.exit_code == 3
    assert done.output == "clinical-gate: nothing was found out: [Errno 28] No space left on device\n"


def test_a_fault_shows_where_it_is_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG, "1")
    done = _ends(ValueError("not a number"))

    assert done.exit_code == 3
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert "in act\n" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("clinical-gate: a fault of clinical-gate")


_PRINTING = {
    "click": "click.echo(text)",
    "rich": "Console().print(text)",
}


@pytest.mark.parametrize("printing", _PRINTING)
def test_who_stops_reading_hears_no_verdict(printing: str, tmp_path: Path) -> None:
    """As ``| head -1`` does: click and rich would end with 1, and Python would complain when it ends."""
    script = tmp_path / "script.py"
    script.write_text(
        "import click\nfrom rich.console import Console\nfrom commands.errors import CommandLine\n"
        "line = CommandLine('line')\n"
        f"@line.command()\ndef act():\n    text = 'x ' * 2**20\n    {_PRINTING[printing]}\n"
        "line()\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script), "act"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY)},
    ) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == ""
    assert running.returncode == 2
