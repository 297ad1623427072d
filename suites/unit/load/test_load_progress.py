"""Where a load stands is seen while it is sent: not once a second in a log, and not too late on a terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from fixtures import REPOSITORY
from loadtests.generator.spec import Progress
from loadtests.progress import Lines, shown

_STATE = Progress(phase="measuring", users=60, requests=400, rate=41.2, p95_ms=230.4, errors=3, left_s=34.0)
_LINE = "load: measuring, 60 users, 41/s, p95 230 ms, 3 errors, 34 s left"


def test_a_line_comes_at_every_phase_and_every_ten_seconds() -> None:
    """Of a report a second."""
    said: list[str] = []
    now = iter([0.0, 1.0, 2.0, 3.0, 11.9, 12.0, 13.0, 13.5])
    lines = Lines(said.append, clock=lambda: next(now))
    for phase in ("log-in", "log-in", "measuring", "measuring", "measuring", "measuring", "draining", "draining"):
        lines(replace(_STATE, phase=phase))
    assert said == [
        "load: 60 users logged in",
        _LINE,
        _LINE,
        "load: draining, 60 users, 41/s, p95 230 ms, 3 errors, 34 s left",
    ]


def test_elsewhere_than_on_a_terminal_lines_are_printed_whole() -> None:
    """Neither folded at the width of no terminal nor coloured."""
    page = io.StringIO()
    with shown(Console(file=page, width=30), "load: 60 users [ward]") as on_progress:
        on_progress(_STATE)
        on_progress(_STATE)
    assert page.getvalue().splitlines() == ["load: 60 users [ward]", _LINE]


def test_on_a_terminal_the_line_changes_in_place_and_goes() -> None:
    """The newest state is shown; when the load ends the line is cleared and the cursor is back."""
    page = io.StringIO()
    with shown(Console(file=page, width=100, force_terminal=True), "load: 60 users") as on_progress:
        on_progress(_STATE)
        on_progress(replace(_STATE, errors=4))
    assert "4 errors" in page.getvalue()
    assert page.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")


def test_a_load_that_fails_leaves_the_terminal_as_it_was() -> None:
    """The problem passes through, and the cursor is back."""
    page = io.StringIO()
    with pytest.raises(ValueError, match="gone"), shown(Console(file=page, force_terminal=True), "load"):
        raise ValueError("gone")  # noqa: EM101
    assert "\x1b[?25h" in page.getvalue()


_TEST = """
from runner.terminal import uncaptured

def test_it(request, capfd):
    print("this is captured")
    uncaptured(request.config)("load: measuring")
    assert capfd.readouterr().out == "this is captured\\n"
"""


@pytest.mark.parametrize("options", [["-v"], ["-q"]], ids=["long", "short"])
def test_a_line_is_seen_while_its_test_runs(options: list[str], tmp_path: Path) -> None:
    """Although what the test prints is captured, and is still captured afterwards."""
    (tmp_path / "test_it.py").write_text(_TEST)
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path), *options, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "load: measuring" in done.stdout.splitlines()
    assert "this is captured" not in done.stdout
