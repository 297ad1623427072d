"""Docker Compose as it is on this machine: the plugin, or the older program of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest


def _program() -> tuple[str, ...]:
    plugin = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    if plugin and plugin.returncode == 0:
        return ("docker", "compose")
    return ("docker-compose",) if shutil.which("docker-compose") else ()


PROGRAM = _program()
NEEDS_COMPOSE = pytest.mark.skipif(not PROGRAM, reason="Docker Compose is not installed: apt install docker-compose")


def compose(folder: Path, *words: str, timeout_s: float = 300.0, files: Sequence[Path] = ()) -> str:
    """Run it on the project of a folder; returns what it printed.

    Raises:
        AssertionError: it failed; carries what it said.
    """
    chosen = [word for file in files for word in ("--file", str(file))]
    argv = [*PROGRAM, "--project-directory", str(folder), *chosen, *words]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr[-3000:]}"
    return done.stdout
