"""A server that is forked is the process that it would be if it had been started: its own session, log and end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.hosts.forking import ForkingDriver
from fixtures.hosts.process import Process
from fixtures.services.modules import spawn_module
from fixtures.stack import runs
from fixtures.wait import wait_for

MODULE = "fixtures.reference.router"  # which reads its settings first


@pytest.fixture
def driver() -> Iterator[ForkingDriver]:
    """Of a run."""
    _, made = runs.begin(driver="forking", in_memory=True)
    assert isinstance(made, ForkingDriver)
    yield made
    made.close()


def _end(process: Process) -> str:
    wait_for(lambda: not process.alive(), what="it has ended", timeout_s=10)
    return process.log.read_text()


def test_it_says_what_it_says_when_it_is_started(driver: ForkingDriver) -> None:
    """Its output is its host's, and the second is as the first."""
    said = []
    for name in ("one", "two"):
        host = driver.host(name)
        said.append(_end(spawn_module(host, MODULE, "/nowhere.toml", service="router")))
        assert host.log("router").read_text() == said[-1]
    started = driver.host("three")
    process = started.spawn([sys.executable, "-m", "runpy", MODULE, "/nowhere.toml"], service="router")
    assert "/nowhere.toml" in said[0]
    assert said == [_end(process)] * 2


def test_it_belongs_to_its_host(driver: ForkingDriver) -> None:
    """It works in the host's folder, in a session of its own, with the environment that it was given; and dies with
    the host.
    """
    host = driver.host("one")
    arguments = ("127.0.0.1", "0", "{}")
    process = spawn_module(host, "fixtures.lab.load.faulty_server", *arguments, service="server", env={"OWN": "yes"})
    assert process.pid in host.pids()
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    assert Path(f"/proc/{process.pid}/cwd").resolve() == host.directory
    host.kill()
    wait_for(lambda: not process.alive(), what="it is gone", timeout_s=5)


def test_what_is_not_of_the_lab_is_started(driver: ForkingDriver) -> None:
    """Also a module: it may need what must be first in a process."""
    host = driver.host("one")
    process = host.spawn([sys.executable, "-m", "this"], service="zen")
    assert "Beautiful is better than ugly" in _end(process)
    assert not (driver.root / "forkserver").exists()


def test_nothing_is_left_of_it(driver: ForkingDriver) -> None:
    """Of the process that forks neither."""
    host = driver.host("one")
    process = spawn_module(host, "fixtures.lab.load.faulty_server", "127.0.0.1", "0", "{}", service="server")
    parent = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert parent != os.getpid()
    driver.close()
    wait_for(lambda: not Path(f"/proc/{parent}/cwd").exists(), what="the fork server is gone", timeout_s=5)
    assert not process.alive()
