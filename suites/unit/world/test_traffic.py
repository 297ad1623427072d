"""Whatever is sent to a deployment is counted as it is sent: by target, unit, and what it does there."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.application import Request
from checks.lab import DatabaseFlaws
from checks.model import CannotLookError
from checks.targets import Api, Cache, Database, Edge, Effect, Inference
from fixtures.application.connections import Connections, HttpEndpoint
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.deployment.traffic import Traffic
from fixtures.lab.cache import start_writable_redis
from fixtures.lab.database import start_postgres
from fixtures.lab.laboratory import Laboratory
from fixtures.services.database.settings import APPLICATION, AUDITOR, NAME
from fixtures.services.redis import administrator
from suites.unit.application.clinic import NURSE, Answer, clinic
from suites.unit.world.test_production import CLERK, WardServer, deployment_of

Counts = dict[tuple[str, Effect], int]


def _counts(deployment: Deployment, part: str) -> Counts:
    found = Counter[tuple[str, Effect]]()
    for sent in deployment.sent():
        if sent.target.startswith(part):
            found[sent.unit, sent.effect] += sent.count
    return dict(found)


def test_requests_are_counted_by_what_they_do(tmp_path: Path) -> None:
    """As many as the server got; log-ins beside the requests that carry them."""
    with clinic(WardServer()) as server:
        deployment = deployment_of(tmp_path, server, environment="staging")
        api = deployment.find(Api)
        assert isinstance(api, Api)
        nurse, clerk = api.accounts()
        api.send(Request("GET", "/patients"), account=nurse)
        api.send(Request("DELETE", "/patients/nobody"), account=clerk)
        api.login(nurse, password="wrong")  # noqa: S106  it is
        counts = _counts(deployment, f"application {server.base_url.partition('//')[2]}")
    assert counts.pop(("connections", Effect.READ)) == 1
    assert counts == {
        ("requests", Effect.READ): 1,
        ("requests", Effect.WRITE): 1,
        ("requests", Effect.SESSION): 3,
        ("log-ins", Effect.GRANTED): 2,
        ("log-ins", Effect.REFUSED): 1,
    }
    assert len(server.asked) == sum(count for (unit, _), count in counts.items() if unit == "requests")
    assert (NURSE.username, CLERK.username) == (nurse.username, clerk.username)


def test_what_was_never_on_its_way_is_no_request() -> None:
    """A connection was tried, which counts."""
    traffic = Traffic()
    nobody = Connections(HttpEndpoint("http://127.0.0.1:1", part="model server", traffic=traffic))
    with pytest.raises(CannotLookError):
        nobody.exchange(Request("GET", "/"), {})
    assert [(s.target, s.unit, s.count) for s in traffic.sent()] == [("model server 127.0.0.1:1", "connections", 1)]


def test_a_connection_that_is_made_anew_counts_again() -> None:
    """Also where the pool keeps its place."""
    traffic = Traffic()
    with clinic(lambda _: Answer(headers=(("Connection", "close"),))) as server:
        line = Connections(HttpEndpoint(server.base_url, traffic=traffic))
        for _ in range(3):
            line.exchange(Request("GET", "/"), {})
    assert [(s.unit, s.count) for s in traffic.sent()] == [("connections", 3), ("requests", 3)]


def test_model_servers_and_an_edge_are_counted(tmp_path: Path) -> None:
    """Each under its own address."""
    with clinic(lambda _: Answer(json={"choices": [{"text": "x"}]})) as server:
        at = server.base_url.partition("//")[2]
        front = {"https": at, "http": at, "server_name": "c.test"}
        deployment = deployment_of(tmp_path, inference={"servers": [server.base_url]}, edge=front)
        inference, edge = deployment.find(Inference), deployment.find(Edge)
        assert isinstance(inference, Inference)
        assert isinstance(edge, Edge)
        inference.servers()
        edge.plain_addresses()[0].get("/")
        with contextlib.suppress(CannotLookError):
            edge.addresses()[0].get("/")  # it speaks no TLS
    read = Effect.READ
    assert _counts(deployment, f"model server {at}") == {("connections", read): 1, ("requests", read): 2}
    assert _counts(deployment, f"edge {at}") == {
        ("connections", read): 3,  # one sees whether anything listens in clear
        ("handshakes", read): 1,
        ("requests", read): 1,
    }
    assert len(server.asked) == 3


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    lab = Laboratory()
    yield lab
    lab.close()


def test_statements_and_commands_are_counted(laboratory: Laboratory) -> None:
    """What is rolled back apart from what only reads, and connections that were refused."""
    with laboratory.bench() as bench:
        database, cache = start_postgres(bench, DatabaseFlaws()), start_writable_redis(bench)
        reader = administrator(bench.vault)
        auditor = {"user": AUDITOR, "password": bench.vault["postgres.auditor"], "application_role": APPLICATION}
        described = {
            "name": "lab",
            "trust": {"ca": bench.authority.certificate},
            "database": {"hosts": [database.address], "name": NAME, **auditor},
            "cache": {"kind": "single", "nodes": [cache.address], "username": reader.user, "password": reader.password},
        }
        deployment = Deployment(TargetFile.model_validate(described))
        asked, store = deployment.find(Database), deployment.find(Cache)
        assert isinstance(asked, Database)
        assert isinstance(store, Cache)
        asked.query("SELECT 1 AS one")
        asked.attempt("DELETE FROM patients WHERE false", role=APPLICATION)
        assert asked.attempt_connection(encrypted=False, user=APPLICATION).refusal
        assert store.configuration(cache.address)
    assert _counts(deployment, "database") == {
        ("connections", Effect.READ): 3,
        ("log-ins", Effect.REFUSED): 1,
        ("statements", Effect.READ): 1,
        ("statements", Effect.ROLLED_BACK): 1,
    }
    assert _counts(deployment, "cache") == {("connections", Effect.READ): 1, ("commands", Effect.READ): 1}
