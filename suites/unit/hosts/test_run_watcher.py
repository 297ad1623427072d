"""What a harness broke does not outlive it, whenever it is killed; and a host that suffered everything is mended."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.drill_kills.__main__ import kill_one
from checks.targets import Impair, Isolate, Kill, Pause
from fixtures.drills.mend import mend, mend_hosts
from fixtures.hosts import Host
from fixtures.hosts.loopback import may_use_namespaces
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
