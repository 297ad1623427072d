"""What a harness broke does not outlive it, whenever it is killed; and a host that suffered everything is mended."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks.drill_kills.__main__ import kill_one
from checks.targets import Impair, Isolate, Kill, Pause
from fixtures import REPOSITORY
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.opening import Opening
from fixtures.drills.mend import mend, mend_hosts
from fixtures.hosts import Driver, Host
from fixtures.hosts.loopback import may_use_namespaces
from fixtures.hosts.process import process_identity
from fixtures.stack import runs
from fixtures.stack.watcher import RunWatcher
from fixtures.wait import wait_for

pytestmark = pytest.mark.unit

_TIMES, _SEED = 5, 20261127


@pytest.mark.parametrize("number", range(_TIMES))
def test_nothing_is_left_of_a_harness_that_was_killed(number: int) -> None:
    """`python -m benchmarks.drill_kills` does it fifty times."""
    seen = kill_one(random.Random(_SEED + number))  # noqa: S311  a moment, and no secret
    assert seen.left_s is not None
    assert seen.run_id not in {run.id for run in runs.runs()}


@pytest.mark.skipif(not may_use_namespaces(), reason="namespaces need root")
def test_a_host_that_suffered_everything_is_mended() -> None:
    """Also twice, and one that suffered nothing."""
    _, driver = runs.begin(driver="namespace")
    try:
        host, well = driver.host("one"), driver.host("two")
        assert isinstance(host, Kill) and isinstance(host, Pause)  # noqa: PT018
        assert isinstance(host, Isolate) and isinstance(host, Impair)  # noqa: PT018
        sleeper = host.spawn(["sleep", "600"], service="sleeper")
        host.impair([well.address], kilobits_per_s=100, loss=0.5)
        host.isolate()
        host.pause()
        for _ in range(2):
            mend_hosts([host, well])
        assert Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
        listening = "import socket, sys; socket.create_server((sys.argv[1], 8080)).accept()"
        well.spawn([well.python, "-c", listening, well.address], service="listens")
        wait_for(lambda: _reaches(host, well), what="the network is back", timeout_s=5)
        assert "htb" not in host.run(["tc", "qdisc", "show", "dev", "eth0"]).stdout
    finally:
        driver.close()


def _reaches(host: Host, other: Host) -> bool:
    ask = "import socket, sys; socket.create_connection((sys.argv[1], 8080), 1)"
    return host.run([host.python, "-c", ask, other.address]).status == 0


def test_a_harness_that_ended_and_was_not_reaped_is_gone() -> None:
    """A parent may never ask for it, as in a container whose first process is no init."""
    with subprocess.Popen(["sleep", "600"]) as harness:
        lives = runs.Run("r", 1, "loopback", "/nowhere", harness.pid, process_identity(harness.pid))
        assert not lives.orphaned()
        harness.kill()
        os.waitid(os.P_PID, harness.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{harness.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        assert lives.orphaned()
        assert process_identity(harness.pid) == ""


def test_a_service_that_ended_at_once_is_none() -> None:
    """Its record is of a process that had no name any more."""
    _, driver = runs.begin(driver="loopback")
    try:
        host = driver.host("one")
        (host.directory / "brief.pid").write_text("4194303 ")
        assert host.process("brief") is None
    finally:
        driver.close()


def test_the_lab_of_a_harness_that_is_gone_is_removed_first() -> None:
    """Whatever its run is: here the harness had no other."""
    begin = "from fixtures.stack import runs; print(runs.begin(driver='loopback', in_memory=True)[0].id)"
    argv = [sys.executable, "-c", begin]
    lab = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()
    assert lab in {run.id for run in runs.runs()}
    assert lab in mend("none").removeprefix("removed ").split(", ")
    assert lab not in {run.id for run in runs.runs()}
    assert mend("none") == "run none is gone"


@pytest.mark.parametrize(("stays", "whole", "healed"), [(True, True, True), (True, False, False), (False, False, True)])
def test_only_a_stack_that_was_seen_whole_is_called_healed(stays: bool, whole: bool, healed: bool) -> None:  # noqa: FBT001
    """What goes with its harness needs no mending."""
    told: list[bool] = []
    deployment, hosts = SimpleNamespace(close=list, whole=lambda: whole), SimpleNamespace(close=list)
    watcher = SimpleNamespace(release=lambda *, healed: told.append(healed))
    Opening(
        _deployment=cast("Deployment", deployment),
        _hosts=None if stays else cast("Driver", hosts),
        _watcher=cast("RunWatcher", watcher),
    ).close()
    assert told == [healed]


@pytest.mark.parametrize("healed", [True, False])
def test_a_watcher_that_is_not_told_so_mends_before_it_goes(healed: bool) -> None:  # noqa: FBT001
    log = runs.state_directory() / "watcher.log"
    run_id = f"none-{os.getpid()}-{healed}"
    RunWatcher(run_id).release(healed=healed)
    assert (f"run {run_id} is gone" in log.read_text()) is not healed


def test_a_run_that_is_released_is_left_alone() -> None:
    run, driver = runs.begin(driver="loopback")
    try:
        watcher = RunWatcher(run.id)
        for _ in range(2):
            watcher.release()
        assert runs.find(run.id) == run
        assert mend(run.id) == "removed nothing"  # its owner lives
    finally:
        driver.close()
    assert mend(run.id) == f"run {run.id} is gone"
