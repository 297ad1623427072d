"""Hosts can be started, killed, paused, cut off and healed; and a run leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.model import CannotLookError
from checks.targets import Isolate, Kill, Pause
from fixtures import REPOSITORY
from fixtures.hosts import Driver, Host, unable
from fixtures.hosts.files import Account
from fixtures.hosts.loopback import may_use_namespaces
from fixtures.hosts.process import Completed, MissingProgramError, Process, processes_under
from fixtures.stack import runs
from fixtures.wait import DeadlineError, wait_for
from suites.unit.hosts.host_image import NEEDS_HOST_IMAGE

DRIVERS = [
    "loopback",
    pytest.param("namespace", marks=pytest.mark.skipif(not may_use_namespaces(), reason="namespaces need root")),
    pytest.param("docker", marks=NEEDS_HOST_IMAGE),
    pytest.param("docker-lab", marks=NEEDS_HOST_IMAGE),
]
PORT = 8080
ECHO = textwrap.dedent("""
    import socket, sys
    listening = socket.create_server((sys.argv[1], int(sys.argv[2])))
    while True:
        listening.accept()[0].sendall(b"here")
""")


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """A run of each driver, closed afterwards."""
    _, made = runs.begin(driver=request.param)
    yield made
    made.close()


def _listen(host: Host) -> None:
    host.spawn([host.python, "-c", ECHO, host.address, str(PORT)], service="echo")
    wait_for(lambda: _answers(host), what="echo answers", timeout_s=10)


def _answers(host: Host) -> bool:
    try:
        with socket.create_connection((host.address, PORT), timeout=0.5) as connection:
            connection.settimeout(0.5)
            return connection.recv(4) == b"here"
    except OSError:
        return False


def test_a_killed_host_answers_no_more_and_its_neighbour_still_does(driver: Driver) -> None:
    """Kill is for one host only, which can be used again once it is started."""
    one, other = driver.host("one"), driver.host("other")
    _listen(one)
    _listen(other)
    assert isinstance(one, Kill)
    one.kill()
    assert (_answers(one), _answers(other), one.process("echo")) == (False, True, None)
    one.start()
    _listen(one)


def test_a_paused_host_hangs_until_it_is_resumed(driver: Driver) -> None:
    """Pause stops the process and keeps it."""
    host = driver.host("one")
    _listen(host)
    assert isinstance(host, Pause)
    host.pause()
    assert not _answers(host)
    for _ in range(2):
        host.resume()
    wait_for(lambda: _answers(host), what="echo answers again", timeout_s=5)


def test_an_isolated_host_is_unreachable_until_it_is_healed(driver: Driver) -> None:
    """On loopback there is no link to cut: such a host lacks the ability."""
    host = driver.host("one")
    assert isinstance(host, Isolate) == (driver.name in ("namespace", "docker"))
    if not isinstance(host, Isolate):
        return
    _listen(host)
    host.isolate()
    assert not _answers(host)
    for _ in range(2):
        host.heal()
    wait_for(lambda: _answers(host), what="echo answers again", timeout_s=5)


class _FarHost:
    """A host that only runs what it is told."""

    name, address, directory = "far", "192.0.2.1", Path("/nonexistent")
    python, contained, superuser = "/nonexistent/python", False, False

    def account(self, name: str | None) -> Account | None:
        """See `fixtures.hosts.Host.account`."""
        raise NotImplementedError

    def put(self, path: str | Path, content: str | bytes, *, owner: str | None = None, mode: int = 0o600) -> Path:
        """See `fixtures.hosts.Host.put`."""
        raise NotImplementedError

    def get(self, path: str | Path) -> bytes:
        """See `fixtures.hosts.Host.get`."""
        raise NotImplementedError

    def folder(self, path: str | Path, *, owner: str | None = None, mode: int = 0o755) -> Path:
        """See `fixtures.hosts.Host.folder`."""
        raise NotImplementedError

    def log(self, service: str) -> Path:
        """See `fixtures.hosts.Host.log`."""
        raise NotImplementedError

    def installed(self, pattern: str) -> list[Path]:
        """See `fixtures.hosts.Host.installed`."""
        raise NotImplementedError

    def spawn(
        self, argv: list[str], *, service: str, user: str | None = None, env: dict[str, str] | None = None
    ) -> Process:
        """See `fixtures.hosts.Host.spawn`."""
        raise NotImplementedError

    def process(self, service: str) -> Process | None:
        """See `fixtures.hosts.Host.process`."""
        raise NotImplementedError

    def run(
        self,
        argv: list[str],
        *,
        user: str | None = None,
        env: dict[str, str] | None = None,
        timeout_s: float = 60.0,
        stdin: str = "",
    ) -> Completed:
        """See `fixtures.hosts.Host.run`."""
        raise NotImplementedError


def test_a_fault_says_what_its_host_cannot_do() -> None:
    """Nothing is broken then, and the drill is UNKNOWN with this sentence."""
    with pytest.raises(CannotLookError, match=r"^far cannot be killed: its driver has no such ability"):
        raise unable(_FarHost(), "killed")


def test_a_host_that_is_removed_leaves_its_neighbour(driver: Driver) -> None:
    """Its processes and its files are gone; its name gets the same address again."""
    one, other = driver.host("one"), driver.host("other")
    _listen(one)
    _listen(other)
    driver.remove(one)
    assert (_answers(one), one.directory.exists(), _answers(other)) == (False, False, True)
    assert driver.host("one").address == one.address


def test_two_runs_on_one_machine_do_not_meet(driver: Driver) -> None:
    """The same host name has another address in another run, and closing one leaves the other."""
    mine = driver.host("one")
    _listen(mine)
    _, second = runs.begin(driver=driver.name)
    try:
        theirs = second.host("one")
        _listen(theirs)
        assert mine.address != theirs.address
    finally:
        second.close()
    assert (_answers(mine), _answers(theirs)) == (True, False)


def test_close_leaves_no_process_no_directory_and_no_namespace(driver: Driver) -> None:
    """Everything of a run is found and removed, also what changed its own title or environment."""
    host = driver.host("one")
    _listen(host)
    driver.close()
    assert not driver.root.exists()
    assert processes_under(driver.root, driver.run_id) == set()
    left = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    assert host.name not in [line.split()[0].rpartition("-")[2] for line in left.splitlines()]


@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize("name", DRIVERS)
def test_the_next_run_sweeps_what_a_killed_harness_left(name: str, *, in_memory: bool) -> None:
    """SIGKILL gives the harness no chance to clean up; its services outlive it until the sweep."""
    script = textwrap.dedent(f"""
        import sys, time
        from fixtures.stack import runs
        run, driver = runs.begin(driver={name!r}, in_memory={in_memory})
        host = driver.host("orphan")
        host.spawn(["sleep", "600"], service="sleeper")
        print(run.id, flush=True)
        time.sleep(600)
    """)
    harness = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert harness.stdout is not None
    run_id = harness.stdout.readline().strip()
    harness.send_signal(signal.SIGKILL)
    harness.wait()
    harness.stdout.close()
    orphan = runs.find(run_id)
    assert orphan is not None
    assert processes_under(Path(orphan.root), run_id), "the sleeper should outlive its harness, or this proves nothing"
    assert run_id in runs.sweep()
    assert processes_under(Path(orphan.root), run_id) == set()
    assert runs.find(run_id) is None


def test_the_sweep_removes_a_folder_without_a_record() -> None:
    """What a process still wrote into a run that was being removed belongs to nobody."""
    run, driver = runs.begin(driver="loopback")
    stray = driver.root.with_name(f"{run.id}-stray")
    (stray / "hosts").mkdir(parents=True)
    assert runs.sweep() == []
    assert not stray.exists()
    assert driver.root.exists(), "a run with a living owner is left alone"
    driver.close()


def test_memory_that_somebody_else_may_write_to_is_not_used(tmp_path: Path) -> None:
    """Whoever comes first may make a folder of any name there."""
    folder = runs.memory_directory(tmp_path)
    assert folder is not None, "nothing else is wrong with that place"
    folder.chmod(0o777)
    assert runs.memory_directory(tmp_path) is None
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert runs.memory_directory(tmp_path) is None
    assert runs.memory_directory(tmp_path / "none") is None


def test_a_run_in_memory_is_known_also_when_memory_is_short() -> None:
    """Its index stays taken, and the next run lies on the disk."""
    first, hosts = runs.begin(driver="loopback", in_memory=True)
    second, others = runs.begin(driver="loopback", in_memory=True, memory_needed=1 << 60)
    try:
        assert hosts.root.parent == runs.memory_directory()
        assert others.root.parent == runs.state_directory()
        assert {first.id, second.id} <= {run.id for run in runs.runs()}
        assert first.index != second.index
    finally:
        hosts.close()
        others.close()


def test_a_program_that_is_not_installed_is_named(driver: Driver) -> None:
    """Also on a host that starts its programs through another one."""
    with pytest.raises(MissingProgramError, match="no-such-program is not installed"):
        driver.host("one").spawn(["no-such-program"], service="nothing", user="nobody")


def test_waiting_has_a_deadline_and_says_for_what() -> None:
    """The last swallowed exception is part of the message."""

    def refuse() -> bool:
        msg = "refused"
        raise OSError(msg)

    with pytest.raises(DeadlineError, match=r"the moon rises: not within 0.1 s \(last: refused\)"):
        wait_for(refuse, what="the moon rises", timeout_s=0.1)
