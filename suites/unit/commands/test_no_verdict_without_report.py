"""Whatever selects checks of a deployment ends with a report, or not with 0."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import REPOSITORY


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pytest", "-q", "suites/gate", *options]
    return subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("selection", [(), ("-m", "gate and not selfproof"), ("-m", "(gate)"), ("-m", "gate or drill")])
def test_another_selection_than_the_runs_own_is_refused(selection: tuple[str, ...], tmp_path: Path) -> None:
    """Before anything is started: it would judge, and nobody would see it."""
    done = _run(*selection, "--report-dir", str(tmp_path / "reports"))
    assert done.returncode == 2
    assert "makes no report of what they say: run pytest -m gate or -m drill" in done.stdout + done.stderr
    assert not (tmp_path / "reports").exists()


def test_a_run_that_runs_no_check_is_not_green(tmp_path: Path) -> None:
    done = _run("-m", "gate", "-k", "legacy_protocols", "--setup-plan", "--report-dir", str(tmp_path / "reports"))
    assert done.returncode == 3
    assert "no check was run, so there is no report" in done.stdout


@pytest.mark.parametrize("selection", ["gate", "(gate)"])
def test_the_checks_can_be_listed(selection: str) -> None:
    done = _run("-m", selection, "--collect-only")
    assert done.returncode == 0
    assert "tls/legacy_protocols_refused" in done.stdout
