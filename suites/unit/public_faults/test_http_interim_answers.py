"""What a server says before its answer is no answer: every status of 1xx but 101 is passed over."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.application import Request
from checks.lab import ScriptedEdgeFlaws
from checks.model import CannotLookError, Status
from fixtures.application.connections import Connections, HttpEndpoint
from fixtures.lab.builders import LabBuilder
from fixtures.services.https import ask
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.edge.http_get import NoAnswerError, get
from fixtures.targets.edge.place import Deadline
from suites.unit.public_faults.edges import answering, lab, server_context, serving, verdict

CHECK = "http/security_headers_present"
INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 102 Processing\r\nServer: none/1\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nServer: none/1\r\nLink: </a.css>\r\n\r\n"
)
ANSWER = b"HTTP/1.1 404 Not Found\r\nServer: it\r\nContent-Length: 2\r\n\r\nno"


@pytest.fixture(scope="module")
def builder() -> Iterator[LabBuilder]:
    """A lab for all tests of this file."""
    with lab() as made:
        yield made


def test_headers_of_early_hints_are_not_those_of_the_answer(builder: LabBuilder) -> None:
    """7. 103 with all of them, then 200 with none."""
    seen = verdict(builder.build(ScriptedEdgeFlaws.with_all_headers_before_the_answer()), CHECK)
    assert seen.status is Status.FAIL
    assert "answers 200" in seen.broken[0].message


def test_a_good_site_behind_early_hints_is_good(builder: LabBuilder) -> None:
    hints = ("Link: </style.css>; rel=preload", "Content-Security-Policy: default-src *")
    assert verdict(builder.build(ScriptedEdgeFlaws(early_hints=hints)), CHECK).status is Status.PASS


def test_every_way_to_speak_http_passes_over_interim_answers(tmp_path: Path) -> None:
    """The edge's own, the services' probe, and the application's client."""
    authority = CertificateAuthority(tmp_path / "ca")
    context = server_context(authority.issue("edge", tmp_path, names=("127.0.0.1",)))
    with serving(answering(INTERIM + ANSWER, context)) as port:
        probed = ask("127.0.0.1", port, "/", ca=authority.certificate)
        client = Connections(HttpEndpoint(f"https://127.0.0.1:{port}", ca=authority.certificate))
        sent = client.exchange(Request("GET", "/"), {})
    assert (probed.status, probed.body) == (404, b"no")
    assert (sent.status, sent.body, sent.headers["server"]) == (404, b"no", "it")
    with serving(answering(INTERIM + ANSWER)) as port:
        plain = Connections(HttpEndpoint(f"http://127.0.0.1:{port}")).exchange(Request("GET", "/"), {})
        with socket.create_connection(("127.0.0.1", port)) as wire:
            seen = get(wire, "gate.clinic.test", "/", Deadline(5))
    assert (plain.status, plain.headers["server"]) == (404, "it")
    assert (seen.status, seen.body, seen.headers["server"]) == (404, b"no", "it")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        INTERIM,
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
    ids=["switching", "interim only", "half a body", "ssh", "nothing"],
)
def test_what_is_no_answer_is_none(said: bytes) -> None:
    with (
        serving(answering(said)) as port,
        socket.create_connection(("127.0.0.1", port)) as wire,
        pytest.raises((NoAnswerError, ConnectionError)),
    ):
        get(wire, "gate.clinic.test", "/", Deadline(5))


def test_an_endless_body_is_read_in_part_only() -> None:
    """Headers are what is asked for; some streams never end."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nServer: it\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with serving(talk) as port, socket.create_connection(("127.0.0.1", port)) as wire:
        seen = get(wire, "gate.clinic.test", "/", Deadline(5))
    assert (seen.headers["server"], 1_000_000 < len(seen.body) < 2_000_000) == ("it", True)


def test_the_edge_tells_why_there_is_no_answer(builder: LabBuilder) -> None:
    edge = builder.build(ScriptedEdgeFlaws(client_certificate=True))
    with pytest.raises(CannotLookError, match="gave no HTTP answer to /"):
        edge.addresses()[0].get("/")
