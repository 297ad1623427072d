"""A run of the gate in a process of its own, over nothing but the suites of the gate."""

from __future__ import annotations

import subprocess
import sys

from fixtures import REPOSITORY


def gated(*options: str) -> subprocess.CompletedProcess[str]:
    """``pytest -m gate`` with these options."""
    argv = [sys.executable, "-m", "pytest", "suites/gate", "suites/selfproof", "-m", "gate", *options]
    return subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=False)
