"""Commands that break and heal: what they say is reported, and whatever becomes of the drill, it heals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from checks.model import CannotLookError
from fixtures import REPOSITORY
from fixtures.drills.commands import Commands, command_fault
from fixtures.wait import wait_for

pytestmark = pytest.mark.unit

_ENDLESS = Path(__file__).with_name("endless_drill.py")


def _commands(inject: Sequence[str], heal: Sequence[str] = ("true",), timeout_s: float = 10) -> Commands:
    return Commands(tuple(inject), tuple(heal), timeout_s)


def test_how_a_command_ended_is_told_with_its_last_line(tmp_path: Path) -> None:
    fault = command_fault("f", _commands(["sh", "-c", "echo first; echo db1 is down"]), tmp_path)
    assert fault.inject() == "sh ended with 0: db1 is down"
    fault.heal()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["sh", "-c", "echo no such host; exit 3"], "the injection of f: sh ended with 3: no such host"),
        (["no-such-program"], "the injection of f: no-such-program cannot be run: No such file or directory"),
        (["sleep", "60"], "the injection of f: sleep did not end within 0.2 s"),
    ],
)
def test_an_injection_that_fails_is_no_drill(tmp_path: Path, argv: list[str], words: str) -> None:
    healed = tmp_path / "healed"
    fault = command_fault(
        "f", _commands(argv, ["touch", str(healed)], timeout_s=0.2 if "sleep" in argv else 10), tmp_path
    )
    with pytest.raises(CannotLookError) as refused:
        fault.inject()
    assert str(refused.value) == words
    fault.heal()
    assert healed.exists()


def test_a_heal_that_fails_says_that_something_may_be_broken_still(tmp_path: Path) -> None:
    fault = command_fault("f", _commands(["true"], ["sh", "-c", "echo locked; exit 1"]), tmp_path)
    fault.inject()
    with pytest.raises(CannotLookError, match="may still be broken: the heal of f: sh ended with 1: locked"):
        fault.heal()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_drill_that_is_ended_heals(tmp_path: Path, signum: signal.Signals) -> None:
    """By Ctrl-C itself; killed, by the guard that stands by."""
    broken = tmp_path / "broken"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, str(_ENDLESS), str(broken)], stderr=subprocess.DEVNULL, env=environment
    ) as drill:
        assert wait_for(broken.exists, what="the file is there", timeout_s=20)
        drill.send_signal(signum)
        drill.wait(timeout=20)
    assert wait_for(lambda: not broken.exists(), what="the file is gone", timeout_s=20)


def test_a_heal_that_is_interrupted_is_done_by_the_guard(tmp_path: Path) -> None:
    """Ctrl-C once more, while it heals."""
    broken, healing = tmp_path / "broken", tmp_path / "healing"
    heal = f"touch {healing}; sleep 1; rm -f {broken}"
    argv = [sys.executable, str(_ENDLESS), str(broken), heal]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL, env=environment) as drill:
        for seen in (broken, healing):
            assert wait_for(seen.exists, what=f"{seen.name} is there", timeout_s=20)
            drill.send_signal(signal.SIGINT)
        drill.wait(timeout=20)
    assert wait_for(lambda: not broken.exists(), what="the file is gone", timeout_s=20)


def test_a_drill_that_healed_leaves_nobody_behind(tmp_path: Path) -> None:
    """Or the heal would be run a second time, some day."""
    healed = tmp_path / "healed"
    fault = command_fault("f", _commands(["true"], ["sh", "-c", f"echo once >> {healed}"]), tmp_path)
    fault.inject()
    fault.heal()
    assert healed.read_text() == "once\n"
    assert (tmp_path / "f.heal.log").read_bytes() == b""
