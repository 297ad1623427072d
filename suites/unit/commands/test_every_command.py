"""Every command that there is: it explains itself, refuses what it does not know, and never takes an input that it
cannot read for something that holds, or that does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cli import main

# What a command needs beside the file that it cannot read; of an option that is given twice the second counts.
_NEEDED = {
    "scan dp": ["--epsilon", "1"],
    "load": ["--profile", "smoke"],
    "checks prove": ["data/cache_cluster_complete"],
}
_FILES_BY_NAME = ("policy", "policy_name", "profile", "signing_key")  # text options that take a file, too
_WRITTEN = ("output", "plot")


def _directory(path: Path) -> None:
    path.mkdir()


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 16)


def _empty(path: Path) -> None:
    path.touch()


def _deep(path: Path) -> None:
    """So deep that a parser that recurses gives up with an error which nobody foresaw."""
    path.write_text("a = " + "[" * 100_000)


def _gone(path: Path) -> None:
    del path


def _loop(path: Path) -> None:
    path.symlink_to(path)


_UNREADABLE = (_directory, _binary, _empty, _deep, _gone, _loop)


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


COMMANDS = dict(_commands(main))
INPUTS = [
    (name, parameter)
    for name, command in COMMANDS.items()
    for parameter in command.params
    if (isinstance(parameter.type, click.Path) and parameter.name not in _WRITTEN) or parameter.name in _FILES_BY_NAME
]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def _sentence(done: Result) -> str:
    assert done.stderr.startswith("clinical-gate: "), done.output
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("clinical-gate: ")


def test_there_are_commands_and_inputs() -> None:
    """Or the tests below would prove nothing."""
    assert {"stack up", "target check", "checks prove", "scan dp", "load", "report verify"} <= set(COMMANDS)
    assert len(INPUTS) >= 15


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself(name: str) -> None:
    done = _run(*name.split(), "--help")

    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: clinical-gate {name} ")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_an_unknown_option_is_refused_in_one_sentence(name: str) -> None:
    done = _run(*name.split(), "--no-such-option")

    assert (done.exit_code, done.stdout) == (2, "")
    assert _sentence(done).startswith("No such option '--no-such-option'; see clinical-gate")


@pytest.mark.parametrize(
    ("name", "parameter", "make"),
    [
        pytest.param(name, parameter, make, id=f"{name}-{parameter.name}-{make.__name__.strip('_')}")
        for name, parameter in INPUTS
        for make in _UNREADABLE
        if (name, parameter.name, make) != ("stack up", "target", _gone)  # it is what starts a stack
    ],
)
def test_an_input_that_cannot_be_read_is_not_judged(
    name: str, parameter: click.Parameter, make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2, or 3 where the reason was not foreseen; in one sentence, and with nothing on stdout."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "given.toml")
    flag = [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
    done = _run(*name.split(), *_NEEDED.get(name, []), *flag, "given.toml")

    assert done.exit_code in (2, 3), done.output
    assert done.stdout == ""
    assert _sentence(done)
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_opened_by_anybody_is_named(tmp_path: Path) -> None:
    """As root, too, whom no mode keeps out: a name that is too long for the system."""
    long = tmp_path / ("x" * (os.pathconf(tmp_path, "PC_NAME_MAX") + 1))
    for arguments in (("target", "check"), ("report", "history"), ("report", "verify")):
        done = _run(*arguments, str(long))
        assert done.exit_code == 2
        assert "File name too long" in _sentence(done) or "no folder" in _sentence(done)
