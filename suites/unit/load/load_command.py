"""``clinical-gate load`` for the tests: called, its target files, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from checks.targets import Load
from cli import main
from fixtures import REPOSITORY
from fixtures.hosts.files import write_private
from loadtests.generator.spec import load_from_json

ADDRESS = "127.77.2.2"  # of the servers that a load goes to


def target_file(folder: Path, text: str) -> str:
    """A target file with these sections."""
    path = folder / "target.toml"
    write_private(path, f'name = "mine"\nenvironment = "test"\n{text}\n')
    return str(path)


def bare_target(folder: Path, url: str, more: str = "") -> str:
    """A target file of a server without log-in."""
    return target_file(folder, f'[load]\nurl = "{url}"\n{more}')


def load_command(*arguments: str) -> Result:
    """What it says, and how it ends."""
    return CliRunner().invoke(main, ["load", *arguments])


def record_of(done: Result) -> Load:
    """The record that ``--json`` printed."""
    return load_from_json(json.dumps(json.loads(done.stdout)["load"]))


def started(*arguments: str) -> subprocess.Popen[str]:
    """It, in a process of its own, which Ctrl-C reaches although a shell may have started it in the background."""
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "cli", "load", *arguments]
    return subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def sentence_of(done: Result) -> str:
    """The one sentence on what can be mended; only progress may stand before it."""
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    lines = [line for line in done.stderr.splitlines() if not line.startswith("load: ")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("clinical-gate: ")
    return lines[0].removeprefix("clinical-gate: ")
