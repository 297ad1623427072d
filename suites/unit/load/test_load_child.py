"""The load generator as a process: what it sends, how it ends, and that it leaves neither secrets nor itself behind."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.targets import Load
from fixtures.hosts import process as proc
from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.ports import free_port
from fixtures.reference.description import reference_application
from fixtures.targets.load.target import RecordedLoad, send
from fixtures.wait import wait_for
from loadtests.generator.accounts import LoadAccount
from loadtests.generator.spec import LoadSpec, Progress, SpecError
from loadtests.schedules.profiles import make_profile

pytestmark = pytest.mark.unit

ADDRESS = "127.77.1.2"
PASSWORD = "never-left-on-disk"  # noqa: S105


def _spec(port: int, **changes: object) -> LoadSpec:
    profile = make_profile(
        {
            "name": "tiny",
            "users": 4,
            "think_s": [0.05, 0.15],
            "seconds": 1,
            "timeout_s": 2,
            "roles": {"visitor": 1.0},
        }
        | changes
    )
    account = LoadAccount(username="nurse.x", role="nurse", password=PASSWORD, totp_secret="")
    return LoadSpec(
        target="t",
        base_url=f"http://{ADDRESS}:{port}",
        accounts=(account,) * 4,
        application=reference_application(),
        profile=profile,
        seed=3,
    )


@pytest.fixture
def host(tmp_path: Path) -> LoopbackHost:
    return LoopbackHost("client", ADDRESS, tmp_path / "client", "unit-load")


@pytest.fixture
def ward(host: LoopbackHost, tmp_path: Path) -> Iterator[int]:
    """A real nginx whose answer to every path is one line."""
    configuration, port = tmp_path / "nginx.conf", free_port(ADDRESS)
    configuration.write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {_temporary(tmp_path)} server {{ listen {ADDRESS}:{port}; return 200 ok; }} }}\n"
    )
    server = host.spawn(["nginx", "-e", "stderr", "-p", str(tmp_path), "-c", str(configuration)], service="ward")
    wait_for(lambda: _answers(port), what="nginx answers", timeout_s=10)
    yield port
    server.kill()


def _answers(port: int) -> bool:
    with socket.create_connection((ADDRESS, port)):
        return True


def _temporary(place: Path) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {place}/{kind};" for kind in kinds)


def test_a_load_is_recorded_once_and_counted_whole(host: LoopbackHost, ward: int) -> None:
    """Every request of the schedule is in the record, without an error, and asking again sends nothing."""
    seen: list[Progress] = []
    history = RecordedLoad(host, lambda _: _spec(ward), seen.append)
    load = history.load()
    assert (load.complete, load.problem, load.users, load.seed) == (True, "", 4, 3)
    pages = {kind.kind: kind for kind in load.kinds}
    assert pages["page.get"].total == pages["generator:late"].total > 10
    assert dict(pages["page.get"].errors) == {}
    assert seen[0].phase == "log-in"
    assert seen[-1].requests == pages["page.get"].total
    assert history.load() is load


def test_a_closed_port_is_said_before_any_load(host: LoopbackHost) -> None:
    """Nobody can connect: the record is incomplete and says so."""
    load = send(host, _spec(1))
    assert not load.complete
    assert load.problem == f"a visitor without account could not connect to {ADDRESS}:1: refused"


def test_a_refused_log_in_names_the_user(host: LoopbackHost, ward: int) -> None:
    """An answer that is no token ends the load before it begins."""
    load = send(host, _spec(ward, roles={"nurse": 1.0}))
    assert not load.complete
    assert load.problem == f"nurse.x could not log in at {ADDRESS}:{ward}: wrong body"


def test_a_killed_generator_is_an_incomplete_load(host: LoopbackHost, ward: int) -> None:
    """Killed in mid-run it leaves no record that could pass, no process, and no file with a password."""
    results: list[Load] = []
    thread = threading.Thread(target=lambda: results.append(send(host, _spec(ward, seconds=60))))
    thread.start()
    pids = wait_for(lambda: _generators(host), what="the generator measures", timeout_s=15)
    wait_for(lambda: any(host.directory.glob("*.progress.json")), what="it reports", timeout_s=15)
    assert all(PASSWORD not in path.read_text(errors="replace") for path in host.directory.iterdir() if path.is_file())
    proc.kill_all(pids)
    thread.join(timeout=10)
    assert not results[0].complete
    assert "the load generator died before its record was written" in results[0].problem
    assert _generators(host) == set()
    assert list(host.directory.glob("load-*.json")) == []


def test_too_few_accounts_send_nothing(host: LoopbackHost) -> None:
    """The profile needs more nurses than there are: said before a process starts."""
    with pytest.raises(SpecError, match="needs 9 accounts of the role nurse; t declares 4"):
        send(host, _spec(1, users=9, roles={"nurse": 1.0}))
    assert list(host.directory.iterdir()) == []


def _generators(host: LoopbackHost) -> set[int]:
    return {
        pid
        for pid in proc.processes_under(host.directory)
        if b"loadtests.generator.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }
