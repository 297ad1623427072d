"""What was killed is gone: as long as nobody has asked for its end, its pid guards locks against a successor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.hosts.process import Process, kill_all, process_identity
from fixtures.wait import wait_for

_TIMES = 20
_SLOW_TO_DIE = "x = bytearray(200_000_000); print(flush=True); input()"  # its memory is given back first


def _by_all(process: Process) -> None:
    kill_all({process.pid})


def _by_asking(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not process.alive(), what="it is gone", timeout_s=5, interval_s=0.0)


@pytest.mark.parametrize("kill", [_by_all, _by_asking])
def test_nothing_of_it_is_left_to_be_asked_for(kill: Callable[[Process], None], tmp_path: Path) -> None:
    """Whichever way it ends: it may die between two looks."""
    for _ in range(_TIMES):
        with subprocess.Popen([sys.executable, "-c", _SLOW_TO_DIE], stdin=-1, stdout=-1) as child:
            assert child.stdout is not None
            child.stdout.readline()
            kill(Process(child.pid, process_identity(child.pid), tmp_path / "log"))
            assert not Path(f"/proc/{child.pid}").exists()
