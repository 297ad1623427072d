"""``clinical-gate load`` by several processes: of this machine, interrupted, and of others that join it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from fixtures.hosts import process as proc
from fixtures.hosts.ports import free_port
from fixtures.wait import wait_for
from suites.unit.load.load_command import bare_target, load_command, record_of, sentence_of, started

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_leaves_nothing_running(signum: int, page: str, short: str, tmp_path: Path) -> None:
    """On Ctrl-C and on SIGTERM: one sentence, exit code 2, and no process is left."""
    running = started(
        "--target", bare_target(tmp_path, page), "--profile", short, "--seconds", "600", "--processes", "2"
    )
    assert running.stderr is not None
    senders = wait_for(lambda: _descendants(running.pid), what="it sends", timeout_s=30)
    line = wait_for(lambda: running.stderr and running.stderr.readline(), what="it says so", timeout_s=30)
    while "measuring" not in str(line):
        line = running.stderr.readline()
    senders |= _descendants(running.pid)
    running.send_signal(signum)
    _, said = running.communicate(timeout=30)
    assert said.splitlines()[-1] == "clinical-gate: interrupted"
    assert running.returncode == 2
    wait_for(lambda: not any(proc.process_identity(pid) for pid in senders), what="all are gone", timeout_s=10)


def _descendants(pid: int) -> set[int]:
    """The processes of the load: a child, and its two workers when they have started."""
    found: set[int] = set()
    for each in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, each.read_text().split()):
            found |= {child} | _descendants(child)
    return found


def test_workers_of_other_machines_play_their_parts(page: str, short: str, tmp_path: Path) -> None:
    """Each with a target file of its own; one with another secret is refused, and both sides say why."""
    port = free_port()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, theirs = (
        bare_target(tmp_path / name, page, f'secret = "{secret}"') for name, secret in (("a", "ours"), ("b", "x"))
    )
    worker = ["--target", mine, "--worker", f"127.0.0.1:{port}"]
    workers = [started(*worker), started(*worker)]
    done = load_command(
        "--target", mine, "--profile", short, "--master", f"127.0.0.1:{port}", "--workers", "2", "--json"
    )
    record = record_of(done)
    said = [each.communicate(timeout=30) for each in workers]
    pages = next(kind for kind in record.kinds if kind.kind == "page.get")
    sent = [re.fullmatch(r"sent (\d+) requests for 10 users, 0 of them failed\n", out) for out, _ in said]
    assert sum(int(match[1]) for match in sent if match) == pages.total == sum(g.requests for g in record.generators)
    assert [each.returncode for each in workers] == [0, 0]
    assert all("waiting for the leader" in errors for _, errors in said)

    stranger = started("--target", theirs, "--worker", f"127.0.0.1:{port}")
    refused = load_command("--target", mine, "--profile", short, "--master", f"127.0.0.1:{port}", "--workers", "1")
    _, errors = stranger.communicate(timeout=30)
    assert sentence_of(refused).endswith("refused: the leader does not hold the same target file; no load was sent")
    assert errors.splitlines()[-1] == "clinical-gate: the leader does not hold the same target file"
    assert stranger.returncode == 2
