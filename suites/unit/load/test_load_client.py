"""The load generator's HTTP client and its alarm: connections are kept, answers are read whole, requests start on
time.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import gevent
import pytest

from fixtures.stack.certificates import CertificateAuthority
from loadtests.users.http_answer import HttpAnswer, RequestError
from loadtests.users.http_client import Endpoint, HttpClient, trust
from loadtests.users.punctual import Punctual

pytestmark = pytest.mark.unit

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n3\r\nsix\r\n0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
Talk = Callable[[socket.socket], None]


class _Server:
    """Talks with one connection after another as told, and counts them."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self._talk, self._tls = talk, tls
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            self._talk(connection)
        except OSError:
            return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., _Server]]:
    made: list[_Server] = []

    def start(talk: Talk, tls: ssl.SSLContext | None = None) -> _Server:
        made.append(_Server(talk, tls))
        return made[-1]

    yield start
    for server in made:
        server.close()


def _answering(*answers: bytes, pieces: int = 0) -> Talk:
    """Answers each request with the next of them, in pieces of so many bytes."""

    def talk(connection: socket.socket) -> None:
        for answer in answers:
            if not connection.recv(4096):
                return
            size = pieces or len(answer)
            for begin in range(0, len(answer), size):
                connection.sendall(answer[begin : begin + size])
        connection.recv(1)

    return talk


@pytest.fixture
def connect() -> Iterator[Callable[..., HttpClient]]:
    made: list[HttpClient] = []

    def client(server: _Server, tls: ssl.SSLContext | None = None, *, timeout_s: float = 5) -> HttpClient:
        made.append(HttpClient(Endpoint("127.0.0.1", server.port, "ward.test", tls), source="", timeout_s=timeout_s))
        return made[-1]

    yield client
    for each in made:
        each.close()


def test_a_connection_made_beforehand_carries_the_requests(
    serve: Callable[..., _Server], connect: Callable[..., HttpClient], tmp_path: Path
) -> None:
    """The session tickets that TLS 1.3 sends after the handshake do not look like the connection's end."""
    authority = CertificateAuthority(tmp_path)
    pair = authority.issue("ward", tmp_path, names=("ward.test",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(pair.certificate, pair.key)
    server = serve(_answering(OK, OK), context)
    client = connect(server, trust(str(authority.certificate)))
    client.open()
    gevent.sleep(0.1)  # the tickets arrive
    assert [client.request("GET", "/").body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced(
    serve: Callable[..., _Server], connect: Callable[..., HttpClient]
) -> None:
    """A server may close what is idle: the next request goes over another connection, and does not fail."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)

    server = serve(talk)
    client = connect(server)
    for _ in range(3):
        assert client.request("GET", "/").status == 200
        gevent.sleep(0.05)
    assert server.connections == 3


@pytest.mark.parametrize("pieces", [0, 1, 7])
def test_answers_are_read_whole(serve: Callable[..., _Server], connect: Callable[..., HttpClient], pieces: int) -> None:
    """In whatever pieces they come, with interim answers before them, and one after another on the same connection."""
    server = serve(_answering(OK, HINTS + CHUNKED, CHUNKED, CLOSING, pieces=pieces))
    client = connect(server)
    seen = [client.request("GET", "/") for _ in range(4)]
    assert [answer.body for answer in seen] == [b"ok", b"foursix", b"foursix", b"ok"]
    assert [answer.header("content-length") for answer in seen] == ["2", "", "", "2"]
    assert [answer.header("transfer-encoding") for answer in seen] == ["", "chunked", "chunked", ""]
    assert server.connections == 1


def test_a_streamed_answer_is_handed_on_as_it_comes(
    serve: Callable[..., _Server], connect: Callable[..., HttpClient]
) -> None:
    """The rest is sent once the first piece has been handed on; the pieces are the body, which is not collected."""
    pieces: list[bytes] = []
    first = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        middle = CHUNKED.index(b"3\r\nsix")
        connection.sendall(CHUNKED[:middle])
        if first.wait(5):
            connection.sendall(CHUNKED[middle:])
        connection.recv(1)

    def take(piece: bytes) -> None:
        pieces.append(piece)
        first.set()

    answer = connect(serve(talk)).request("POST", "/", body=b"{}", on_data=take)
    assert (pieces, answer.body) == ([b"four", b"six"], b"")


@pytest.mark.parametrize("answer", [CLOSING, OK + b"HTTP/1.1 200 OK\r\n"])
def test_a_connection_that_cannot_be_kept_is_not(
    serve: Callable[..., _Server], connect: Callable[..., HttpClient], answer: bytes
) -> None:
    """The server says that it closes, or sends more than it was asked for."""
    server = serve(_answering(answer))
    client = connect(server)
    assert [client.request("GET", "/").body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(OK[:-1], "connection lost"), (b"", "connection lost"), (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP")],
)
def test_no_answer_has_a_cause(
    serve: Callable[..., _Server], connect: Callable[..., HttpClient], answer: bytes, cause: str
) -> None:
    """Cut off, nothing at all, or another protocol."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with pytest.raises(RequestError, match=cause):
        connect(serve(talk)).request("GET", "/")


def test_silence_ends_with_the_time_out(serve: Callable[..., _Server], connect: Callable[..., HttpClient]) -> None:
    """The request fails, and its connection is not used again."""
    server = serve(lambda connection: threading.Event().wait(2) and connection.close())
    client = connect(server, timeout_s=0.1)
    for _ in range(2):
        with pytest.raises(RequestError, match="time-out"):
            client.request("GET", "/")
    assert server.connections == 2


def test_a_body_larger_than_the_buffers_is_sent_whole(
    serve: Callable[..., _Server], connect: Callable[..., HttpClient]
) -> None:
    """The server reads slowly and gets every byte."""
    read = 0

    def talk(connection: socket.socket) -> None:
        nonlocal read
        data = connection.recv(4096)
        wanted = data.index(b"\r\n\r\n") + 4 + len(body)
        read = len(data)
        while read < wanted:
            read += len(connection.recv(65536))
        connection.sendall(OK)

    body = b"x" * 8_000_000
    answer: HttpAnswer = connect(serve(talk)).request("POST", "/", body=body)
    assert answer.body == b"ok"
    assert read > len(body)


def test_jobs_start_in_order_and_never_early() -> None:
    """Also what is overdue, what is due together, and what is planned by another job; a slow job delays no other."""
    punctual, begun = Punctual(), time.monotonic()
    started: list[tuple[float, float]] = []

    def job(at_s: float) -> None:
        started.append((at_s, time.monotonic() - begun))
        if at_s == 0.02:
            punctual.at(begun + 0.025, partial(job, 0.025))
        gevent.sleep(0.1)

    moments = [0.03, -1.0, 0.02, 0.02, 0.3]
    for at_s in moments:
        punctual.at(begun + at_s, partial(job, at_s))
    gevent.sleep(0.5)
    assert [at_s for at_s, _ in started] == sorted([*moments, 0.025, 0.025])
    assert all(now >= at_s for at_s, now in started)
    assert started[-2][1] < 0.1, "the fifth did not wait for the first"


def test_greenlets_are_used_again() -> None:
    """One after another, all jobs run on the same."""
    punctual, seen = Punctual(), set()
    begun = time.monotonic()
    for number in range(20):
        punctual.at(begun + number / 1000, lambda: seen.add(gevent.getcurrent()))
    gevent.sleep(0.1)
    assert len(seen) <= 2
