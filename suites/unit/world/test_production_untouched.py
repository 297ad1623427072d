"""A production system is after a gate what it was before: its database, its cache, and what its application wrote.

Real parts: nginx with an access log, PostgreSQL, Redis and a small application. Every check of the catalogue looks at
them; a dump of everything is taken before and after, and what the report says was sent is what arrived.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dpkt
import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.lab import DatabaseFlaws
from checks.model import HARMS, NotDeclaredError, Result, Status
from checks.policy import load_policy
from checks.targets import Api, Effect
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.hosts.process import Process
from fixtures.lab.cache import start_writable_redis
from fixtures.lab.database import LabPostgres, start_postgres
from fixtures.lab.laboratory import Bench, Laboratory
from fixtures.services.database.installation import programs
from fixtures.services.database.settings import APPLICATION as ROLE
from fixtures.services.database.settings import AUDITOR, NAME, OWNER
from fixtures.services.redis import RedisNode, administrator
from fixtures.services.redis_client import command
from fixtures.wait import DeadlineError, wait_for
from suites.unit.application.clinic import NURSE, Clinic, clinic
from suites.unit.world.test_production import APPLICATION, CLERK, WardServer

HTTPS, HTTP, SERVER_NAME = 8443, 8080, "ward.test"
KEPT = """
[trail]
kind = "table"
table = "audit_log"
[trail.fields]
at = "at"
username = "username"
resource = "resource"
outcome = "outcome"
[tenancy]
kind = "column"
setting = "app.tenant"
others = { "app.user" = "nobody", "app.role" = "physician" }
[[protected]]
table = "patients"
column = "name"
cipher = { kind = "envelope", header = "01434731", frame = 8, shortest = 36 }
"""


@dataclass(frozen=True)
class _Ward:
    """The system, and how it is looked into from behind."""

    target: TargetFile
    application: Clinic
    database: LabPostgres
    cache: RedisNode
    access_log: Path
    capture: Path

    def everything(self) -> tuple[str, dict[str, object], list[str]]:
        """A dump of the database, of the cache, and what the application was asked to write."""
        server = self.database.server
        argv = [str(programs() / "pg_dump"), "-h", str(server.paths.socket), "-U", "postgres", NAME]
        dumped = self.database.host.run(argv, user=OWNER)
        assert dumped.status == 0, dumped.stderr
        rows = [line for line in dumped.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
        with self.cache.connect() as client:
            keys = sorted(str(key) for key in client.scan_iter())
            values: dict[str, object] = {key: command(client, "GET", key) for key in keys}
        return "\n".join(rows), values, self.written()

    def written(self) -> list[str]:
        """The application's log of requests that may change something; a log-in and an inert chat are none."""
        calls = [f"{asked.method} {asked.path} {asked.body!r}" for asked in self.application.asked]
        harmless = ("GET ", "POST /in ", "POST /chat b'{}'")
        return [call for call in calls if not call.startswith(harmless)]


@pytest.fixture(scope="module")
def ward() -> Iterator[_Ward]:
    """The system, until the tests of this file have ended."""
    laboratory = Laboratory()
    try:
        with laboratory.bench() as bench, clinic(WardServer()) as application:
            yield _stand_up(bench, application)
    finally:
        laboratory.close()


def _stand_up(bench: Bench, application: Clinic) -> _Ward:
    front, place = bench.host("front"), bench.directory / "ward"
    place.mkdir()
    pair = bench.authority.issue("front", place, names=(SERVER_NAME,))
    temporary = " ".join(f"{k}_temp_path {place}/{k};" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(f"""
        daemon off; pid {place}/nginx.pid; events {{}}
        http {{ access_log {place}/access.log; {temporary}
          server {{ listen {front.address}:{HTTP}; return 301 https://{SERVER_NAME}$request_uri; }}
          server {{ listen {front.address}:{HTTPS} ssl; ssl_certificate {pair.certificate};
                    ssl_certificate_key {pair.key}; location / {{ proxy_pass {application.base_url}; }} }} }}
    """)
    capture = place / "syn.pcap"
    begins = f"dst host {front.address} and tcp[tcpflags] == tcp-syn"
    watching = front.spawn(
        ["tcpdump", "-i", "lo", "-n", "-U", "-Z", "root", "-w", str(capture), begins], service="watch"
    )
    wait_for(lambda: "listening on" in _said(watching), what="the capture listens", timeout_s=10)
    database, cache = start_postgres(bench, DatabaseFlaws()), start_writable_redis(bench)
    with cache.connect() as client:
        for number in range(20):
            client.set(f"session:{number}", f"nurse {number}")
    serving = front.spawn(["nginx", "-e", "stderr", "-p", str(place), "-c", "nginx.conf"], service="nginx")
    wait_for((place / "nginx.pid").exists, what=f"nginx is up {_said(serving)}", timeout_s=10)
    (place / "application.toml").write_text(APPLICATION + KEPT)
    reader, https = administrator(bench.vault), f"{front.address}:{HTTPS}"
    target = TargetFile.model_validate(
        {
            "name": "ward",
            "environment": "production",
            "application": place / "application.toml",
            "trust": {"ca": bench.authority.certificate},
            "edge": {"https": https, "http": f"{front.address}:{HTTP}", "server_name": SERVER_NAME},
            "api": {"base_url": f"https://{https}", "accounts": [NURSE.model_dump(), CLERK.model_dump()]},
            "database": {
                "hosts": [database.address],
                "name": NAME,
                "user": AUDITOR,
                "password": bench.vault["postgres.auditor"],
                "application_role": ROLE,
            },
            "cache": {"nodes": [cache.address], "username": reader.user, "password": reader.password},
        }
    )
    return _Ward(target, application, database, cache, place / "access.log", capture)


def _said(process: Process) -> str:
    return process.log.read_text(errors="replace") if process.log.exists() else ""


def _gated(ward: _Ward) -> tuple[list[Result], Deployment]:
    """Every check of the catalogue, and the deployment that it looked at."""
    deployment, policy = Deployment(ward.target), load_policy("default")
    try:
        return [evaluate(rule, deployment.find, policy, target="ward") for rule in catalogue()], deployment
    finally:
        deployment.close()


def _connections(capture: Path) -> int:
    with capture.open("rb") as packets:
        return sum(1 for _ in dpkt.pcap.Reader(packets))


def _sum(deployment: Deployment, unit: str) -> int:
    """So many were sent to the front door, by whoever looked through it."""
    front = [s for s in deployment.sent() if s.target.startswith(("edge ", "application "))]
    return sum(sent.count for sent in front if sent.unit == unit)


def test_a_gate_leaves_a_production_system_as_it_was(ward: _Ward) -> None:
    """And says what it did: as many requests as the front door logged, as many connections as packets began."""
    before = ward.everything()
    results, deployment = _gated(ward)
    assert ward.everything() == before
    assert before[0].count("\n") > 200
    assert len(before[1]) == 20
    judged = {result.check_id: result for result in results}
    looked = [r for r in results if r.status in (Status.PASS, Status.FAIL)]
    assert len(looked) > 15, [f"{r.check_id}: {r.status} {r.explanation}" for r in results]
    assert judged["access/role_matrix_enforced"].status is Status.UNKNOWN
    assert "erase patient, register patient: " in judged["access/role_matrix_enforced"].explanation
    logged = ward.access_log.read_text().splitlines()
    assert _sum(deployment, "requests") == len(logged) > 20
    begun = _sum(deployment, "connections")
    with contextlib.suppress(DeadlineError):  # what is missing shows by itself
        wait_for(lambda: _connections(ward.capture) >= begun, what="the capture is written", timeout_s=10)
    assert _connections(ward.capture) == begun > 50
    assert {sent.effect for sent in deployment.sent()} == set(Effect) - {Effect.WRITE}


def test_what_would_change_it_is_noticed(ward: _Ward) -> None:
    """Or to find it unchanged would say nothing."""
    before = ward.everything()
    staging = Deployment(ward.target.model_copy(update={"environment": "staging"}))
    api = staging.find(Api)
    assert isinstance(api, Api)
    api.send(api.application.act("erase patient").harmless({"patient": "nobody"}), account=api.accounts()[1])
    with ward.database.connection() as connection:
        one = "(SELECT min(id::text)::uuid FROM patients)"
        connection.execute(f"UPDATE patients SET name = name || 'x'::bytea WHERE id = {one}".encode())  # noqa: S608  constants
    with ward.cache.connect() as client:
        client.set("session:0", "another")
    after = ward.everything()
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, True]
    assert any(sent.effect is Effect.WRITE for sent in staging.sent())
    with pytest.raises(NotDeclaredError) as refused:
        Deployment(ward.target).site.may_do("writes")
    assert refused.value.part in HARMS
