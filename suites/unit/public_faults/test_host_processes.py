"""26. Zombies and the harness's own processes taken for running stores of the deployment."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.hosts.process import RUN_VARIABLE
from fixtures.stack import runs
from fixtures.targets.hosts.machine import Machine
from fixtures.targets.hosts.target import MachineHosts
from fixtures.wait import wait_for

STORE = "redis-server"


@contextmanager
def _running(folder: Path, program: str, *arguments: str, marked: bool = False) -> Iterator[int]:
    """A process that is called like a store and works in a folder; its pid. Nobody collects it before the end."""
    folder.mkdir(exist_ok=True)
    shutil.copy(shutil.which(program) or program, folder / STORE)
    environment = {"PATH": os.environ["PATH"]} | ({RUN_VARIABLE: "mine"} if marked else {})
    with subprocess.Popen([folder / STORE, *arguments], cwd=folder, env=environment) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def _seen(root: Path | None = None) -> dict[int, str]:
    return {process.pid: process.user for process in MachineHosts(root=root).store_processes()}


def test_a_store_that_runs_is_seen_with_its_user(tmp_path: Path) -> None:
    """Or the tests below would prove nothing."""
    with _running(tmp_path / "store", "sleep", "60") as pid:
        wait_for(lambda: pid in _seen(), what="the store is seen", timeout_s=10, interval_s=0.05)
        assert _seen()[pid] == getpass.getuser()
        assert pid in _seen(tmp_path)
        assert pid not in _seen(tmp_path / "other")


def test_a_zombie_is_no_running_store(tmp_path: Path) -> None:
    """26. It has ended, and its parent has not asked for it yet."""
    with _running(tmp_path / "store", "true") as pid:
        status = Path(f"/proc/{pid}/status")
        wait_for(lambda: "State:\tZ" in status.read_text(), what="it is a zombie", timeout_s=10, interval_s=0.02)
        assert f"Name:\t{STORE}" in status.read_text()
        assert pid not in _seen()
        assert pid not in {process.pid for process in Machine().processes({STORE})}


def test_what_the_harness_started_is_not_the_deployments(tmp_path: Path) -> None:
    """26. The lab's seeded store that root runs, by its mark."""
    with _running(tmp_path / "store", "sleep", "60", marked=True) as pid:
        alone = Machine()
        wait_for(
            lambda: [p for p in alone.processes({STORE}) if p.pid == pid and p.harness],
            what="the mark is seen",
            timeout_s=10,
            interval_s=0.05,
        )
        assert pid not in _seen()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes beside the runs of root")
def test_what_works_in_a_run_of_the_harness_is_not_the_deployments() -> None:
    """26. PostgreSQL overwrites its environment, and with it the mark."""
    _, hosts = runs.begin(driver="loopback")
    try:
        with _running(hosts.root / "scratch", "sleep", "60") as pid:
            wait_for(lambda: pid in _seen(hosts.root), what="it is seen", timeout_s=10, interval_s=0.05)
            assert pid not in _seen()
    finally:
        hosts.close()
