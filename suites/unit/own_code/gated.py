"""A run of the gate in a process of its own, over nothing but the suites of the gate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fixtures import REPOSITORY
from fixtures.stack.runs import register_directory
from reports.keys import PUBLIC, load_public
from reports.run_log import is_running


def gated(*options: str) -> subprocess.CompletedProcess[str]:
    """``pytest -m gate`` with these options."""
    argv = [sys.executable, "-m", "pytest", "suites/gate", "suites/selfproof", "-m", "gate", "--any-harness", *options]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    for option in options:
        if option.startswith("--report-dir="):
            forget_register(Path(option.partition("=")[2]))
    return done


def forget_register(report_folder: Path) -> None:
    """Remove from this machine what it keeps of the key that a run has made for itself in a folder of a test."""
    public = report_folder / "keys" / PUBLIC
    if public.exists():
        name = f"{load_public(public).keyid[:16]}.jsonl"
        for file in (name, f".{name}.lock"):
            (register_directory() / file).unlink(missing_ok=True)
        for run in report_folder.glob("*/*/"):
            is_running(register_directory(), run.name)  # which removes the mark that nobody holds
