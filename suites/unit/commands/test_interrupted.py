"""A command that is interrupted says so, and does not end as if something did not hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import REPOSITORY
from fixtures.wait import wait_for

PATIENCE_S = 30.0


COMMANDS = ["load --profile smoke --target", "target check", "stack status --target"]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_interrupted_command_ends_with_one_sentence_and_2(command: str, tmp_path: Path) -> None:
    """While it waits for its target file, which nobody writes."""
    pipe = tmp_path / "target.toml"
    os.mkfifo(pipe)
    # What runs in the background of a shell ignores SIGINT, and so would its children.
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "cli", *command.split(), str(pipe)]
    with subprocess.Popen(argv, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as running:
        writing = os.O_WRONLY | os.O_NONBLOCK  # opens only when somebody reads
        try:
            end = wait_for(lambda: os.open(pipe, writing), what="the target file is read", timeout_s=PATIENCE_S)
            # A signal just before the call that waits would be noted after it: until then nothing has been interrupted.
            state = Path(f"/proc/{running.pid}/wchan")
            wait_for(lambda: "pipe_read" in state.read_text(), what="it waits", timeout_s=PATIENCE_S)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()
        os.close(end)

    assert (running.returncode, said) == (2, "clinical-gate: interrupted\n")
