"""A load sent by several processes: the same load, whoever sends it; and whoever is lost, or is a stranger, is
named.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from checks.targets import Load
from fixtures import REPOSITORY
from fixtures.hosts import process as proc
from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.ports import free_port
from fixtures.hosts.process import Process
from fixtures.reference.description import reference_application
from fixtures.targets.load.target import send
from fixtures.wait import wait_for
from loadtests.generator.accounts import LoadAccount
from loadtests.generator.spec import Destination, LoadSpec, write_private
from loadtests.schedules.profiles import make_profile

pytestmark = pytest.mark.unit

ADDRESS = "127.77.1.2"
PORT, MEETING = free_port(ADDRESS), f"{ADDRESS}:{free_port(ADDRESS)}"
PASSWORD, OTHER_PASSWORD = "never-left-on-disk", "of-another-target-file"
ANSWER = '{"access_token": "t", "entries": []}'


def _spec(*, processes: int = 1, listen: str = "", password: str = PASSWORD, **changes: object) -> LoadSpec:
    profile = make_profile(
        {
            "name": "mixed",
            "users": 5,
            "think_s": [0.05, 0.15],
            "warm_up_s": 0.2,
            "seconds": 3,
            "timeout_s": 2,
            "roles": {"visitor": 0.4, "auditor": 0.4, "node": 0.2},
        }
        | changes
    )
    accounts = tuple(
        LoadAccount(username=f"auditor{number}", role="auditor", password=password, totp_secret="")
        for number in range(2)
    )
    return LoadSpec(
        target="t",
        base_url=f"http://{ADDRESS}:{PORT}",
        accounts=accounts,
        application=reference_application(),
        log_ins_per_minute=6000,
        profile=profile,
        seed=3,
        processes=processes,
        listen=listen,
        patience=30,
    )


@pytest.fixture
def host(tmp_path: Path) -> LoopbackHost:
    return LoopbackHost("client", ADDRESS, tmp_path / "client", "unit-workers")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[LoopbackHost]:
    """Stands for other machines."""
    other = LoopbackHost("elsewhere", "127.77.1.3", tmp_path / "elsewhere", "unit-workers")
    yield other
    other.kill()


@pytest.fixture(autouse=True)
def _ward(tmp_path: Path) -> Iterator[None]:
    """A real nginx that gives everybody the same answer."""
    server = LoopbackHost("ward", ADDRESS, tmp_path / "ward", "unit-workers")
    place = server.directory
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {place}/{kind};" for kind in kinds)
    (place / "nginx.conf").write_text(
        f"daemon off; pid {place}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} server {{ listen {ADDRESS}:{PORT}; return 200 '{ANSWER}'; }} }}\n"
    )
    argv = ["nginx", "-e", "stderr", "-p", str(place), "-c", str(place / "nginx.conf")]
    running = server.spawn(argv, service="nginx")
    wait_for(_answers, what="nginx answers", timeout_s=10)
    yield
    running.kill()


def _answers() -> bool:
    with socket.create_connection((ADDRESS, PORT)):
        return True


def _counts(load: Load) -> Mapping[str, int]:
    return {kind.kind: kind.total for kind in load.kinds}


def _starts(load: Load) -> list[tuple[float, str, int]]:
    return [(piece.at_s, kind.kind, kind.total) for piece in load.slices for kind in piece.kinds]


def _running(host: LoopbackHost, module: str) -> set[int]:
    return {pid for pid in host.pids() if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")}


def _left(host: LoopbackHost) -> tuple[set[int], list[str]]:
    """What a load has left behind: processes, and files that hold a password."""
    files = (path for path in host.directory.iterdir() if path.is_file())
    return host.pids(), [path.name for path in files if PASSWORD in path.read_text(errors="replace")]


def _join(elsewhere: LoopbackHost, name: str, password: str = PASSWORD) -> Process:
    """A worker, started as on a machine of its own."""
    known = _spec(password=password).model_dump(mode="json", include=set(Destination.model_fields))
    source, said, result = (elsewhere.directory / f"{name}.{part}.json" for part in ("spec", "said", "result"))
    write_private(source, json.dumps(known))
    argv = [sys.executable, "-m", "loadtests.generator.worker", *map(str, (source, said, result)), MEETING, "30"]
    return elsewhere.spawn(argv, service=name, env={"PYTHONPATH": str(REPOSITORY)})


def test_two_processes_send_what_one_does(host: LoopbackHost) -> None:
    """The same seed is the same load: as many requests of every kind, meant to start in the same slices."""
    one, two = send(host, _spec()), send(host, _spec(processes=2))
    assert (one.complete, one.problem, two.complete, two.problem) == (True, "", True, "")
    assert _counts(one).keys() >= {"page.get", "audit.read", "federation.heartbeat"}
    assert _counts(two) == _counts(one)
    assert _starts(two) == _starts(one)
    assert [piece.users for piece in two.slices] == [piece.users for piece in one.slices]
    assert sum(piece.ended for piece in two.slices) == sum(piece.ended for piece in one.slices)
    requests = [sender.requests for sender in two.generators]
    assert len(requests) == 2
    assert all(requests)
    assert sum(requests) == sum(sender.requests for sender in one.generators)
    assert _left(host) == (set(), [])


def test_more_processes_than_users_is_no_trouble(host: LoopbackHost) -> None:
    """Who has nobody to play sends nothing."""
    load = send(host, _spec(processes=2, users=1, roles={"visitor": 1.0}, seconds=1))
    assert (load.complete, load.problem) == (True, "")
    assert sorted(sender.requests > 0 for sender in load.generators) == [False, True]


@pytest.mark.parametrize("processes", [1, 2])
def test_the_generators_cpu_is_that_of_the_whole_window(host: LoopbackHost, processes: int) -> None:
    """Also when the last request is answered long before the window closes."""
    spec = _spec(
        processes=processes,
        users=40,
        think_s=[0.02, 0.06],
        seconds=4,
        roles={"visitor": 1.0},
        shape=[(0, 40), (1, 40), (1.01, 0), (4, 0)],
    )
    load = send(host, spec)
    assert (load.complete, load.problem) == (True, "")
    assert all(sender.cpu > 0 for sender in load.generators)


def test_a_killed_worker_is_named(host: LoopbackHost) -> None:
    """Killed in mid-run: the load is incomplete and says which worker is missing, and nothing stays behind."""
    results: list[Load] = []
    phases: list[str] = []
    spec = _spec(processes=2, seconds=60)
    thread = threading.Thread(target=lambda: results.append(send(host, spec, lambda now: phases.append(now.phase))))
    thread.start()
    wait_for(lambda: "measuring" in phases, what="the load is under way", timeout_s=30)
    proc.kill_all({min(_running(host, "loadtests.generator.worker"))})
    thread.join(timeout=15)
    assert not results[0].complete
    lost = r"worker [12] on .*, killed by signal 9, was lost \d+ s after the start: what its users sent is not in"
    assert re.fullmatch(f"{lost} the record", results[0].problem)
    assert _left(host) == (set(), [])


def test_workers_that_join_send_the_same_load(host: LoopbackHost, elsewhere: LoopbackHost) -> None:
    """Two that come from elsewhere, with the target file's secrets, which are removed once they are read."""
    one = send(host, _spec())
    workers = [_join(elsewhere, name) for name in ("first", "second")]
    two = send(host, _spec(processes=2, listen=MEETING))
    assert (two.complete, two.problem) == (True, "")
    assert (_counts(two), _starts(two)) == (_counts(one), _starts(one))
    wait_for(lambda: not any(worker.alive() for worker in workers), what="the workers end", timeout_s=10)
    assert _left(host) == _left(elsewhere) == (set(), [])


def test_a_worker_with_another_target_file_is_refused(host: LoopbackHost, elsewhere: LoopbackHost) -> None:
    """It has another password, so it plays nobody; both sides say why."""
    worker = _join(elsewhere, "stranger", OTHER_PASSWORD)
    load = send(host, _spec(processes=2, listen=MEETING))
    assert not load.complete
    assert "does not hold the same target file" in load.problem
    wait_for(lambda: not worker.alive(), what="the worker ends", timeout_s=10)
    assert "does not hold the same target file" in (elsewhere.directory / "stranger.result.json").read_text()
    assert _left(host) == (set(), [])


def test_workers_that_never_come_are_counted(host: LoopbackHost, elsewhere: LoopbackHost) -> None:
    """One of two came in time."""
    worker = _join(elsewhere, "only")
    load = send(host, _spec(processes=2, listen=MEETING).model_copy(update={"patience": 5.0}))
    assert (load.complete, load.problem) == (False, "1 of 2 workers had come after 5 s")
    wait_for(lambda: not worker.alive(), what="the worker ends", timeout_s=10)


def test_an_address_that_is_taken_is_said(host: LoopbackHost) -> None:
    """The leader cannot listen where nginx does."""
    load = send(host, _spec(processes=2, listen=f"{ADDRESS}:{PORT}"))
    assert not load.complete
    assert load.problem.startswith(f"cannot listen for workers on {ADDRESS}:{PORT}: ")
