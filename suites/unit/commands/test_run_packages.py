"""What `./run` finds missing, and what it says where apt has none of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from reports.render.board.printing import NAMES

pytestmark = pytest.mark.unit
_BASH = shutil.which("bash") or "bash"


def _functions(programs: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run lines after the functions of ``./run``, with these programs and no others."""
    text = (REPOSITORY / "run").read_text()
    functions = text[text.index("fail() {") : text.index("install_venv() {")]
    argv = [_BASH, "-c", f"set -euo pipefail\n{functions}\n{script}"]
    return subprocess.run(argv, env={"PATH": str(programs)}, capture_output=True, text=True, check=False)


def _program(path: Path, lines: str = "") -> None:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("name", [*NAMES, ""])
def test_any_chromium_that_prints_a_board_will_do(name: str, tmp_path: Path) -> None:
    """And where there is none, the package is missing."""
    if name:
        _program(tmp_path / name)
    done = _functions(tmp_path, "job=browser arguments=()\nmissing_packages")
    assert done.returncode == 0, done.stderr
    assert "npm" in done.stdout.split()
    assert ("chromium" in done.stdout.split()) is not bool(name)
