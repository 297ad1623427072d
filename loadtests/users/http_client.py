"""A small HTTP/1.1 client for gevent: own source address, SNI apart from the address, keep-alive, timed streams.

It connects to one address, follows no redirect and never repeats a request, so what is counted is what was sent. The
parser is geventhttpclient's (llhttp).
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from socket import AddressFamily

import gevent
import orjson
from gevent import monkey, socket
from gevent.ssl import SSLContext
from geventhttpclient.response import HTTPParseError, HTTPResponseParser

_BLOCK = 16_384
_READ = 1  # of libev's <ev.h>
# gevent's own poll goes through its loop, which lets other users run in the middle of taking a connection.
_poll = monkey.get_original("select", "poll")
OnData = Callable[[bytes], None]


WRONG_BODY = "wrong body"


class RequestError(Exception):
    """A request failed; the message is the cause under which it is counted."""


@dataclass(frozen=True)
class Endpoint:
    """Where to connect, and how the server is called and trusted; ``tls`` is None for plain HTTP."""

    host: str
    port: int
    server_name: str
    tls: SSLContext | None
    prefix: str = ""


@dataclass(frozen=True)
class HttpAnswer:
    """Status, the bytes up to the end of the headers or beyond, and the body (empty when it was streamed)."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, empty when there is none."""
        for line in self.head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.decode("latin-1").lower() == name.lower():
                return value.strip().decode("latin-1")
        return ""


def trust(ca: str, certificate: str = "", key: str = "") -> SSLContext:
    """A TLS context that verifies chain and name; PEM files, of which an empty ``ca`` means the system's anchors."""
    context = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca:
        context.load_verify_locations(cafile=ca)
    else:
        context.load_default_certs()
    if certificate:
        context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    return context


class HttpClient:
    """The connections of one user, to ``address``: as many as it has requests under way.

    Args:
        source: address to connect from; empty leaves it to the system.
        timeout_s: a request must be fully answered within this.
    """

    def __init__(self, endpoint: Endpoint, *, source: str, timeout_s: float) -> None:
        self._endpoint, self._source, self._timeout_s = endpoint, source, timeout_s
        self._idle: list[_Connection] = []
        default = 443 if endpoint.tls else 80
        name = endpoint.server_name or _bracketed(endpoint.host)
        self._host = name if endpoint.port == default else f"{name}:{endpoint.port}"
        self.address = f"{_bracketed(endpoint.host)}:{endpoint.port}"
        self._family = _family(endpoint.host)
        self.authorization = ""

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        on_data: OnData | None = None,
        on_sent: Callable[[], None] | None = None,
    ) -> HttpAnswer:
        """Send one request and read its answer.

        Args:
            on_data: called with each piece of the body as it arrives, in place of collecting it.
            on_sent: called when the request has left, over a connection that may have had to be made.

        Raises:
            RequestError: no full answer, with the cause.
        """
        data = self._head(method, path, body, headers) + body
        connection: _Connection | None = None
        try:
            with gevent.Timeout(self._timeout_s):
                connection = self._take() or self._connect()
                connection.send(data)
                if on_sent is not None:
                    on_sent()
                answer, stays = connection.receive(on_data)
        except BaseException as problem:
            if connection is not None:
                connection.close()
            cause = _cause(problem)
            if not cause:
                raise
            raise RequestError(cause) from problem
        if stays:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def open(self) -> None:
        """Connect beforehand, so that the first request finds a connection.

        Raises:
            RequestError: no connection, with the cause.
        """
        try:
            with gevent.Timeout(self._timeout_s):
                self._idle.append(self._connect())
        except BaseException as problem:
            cause = _cause(problem)
            if not cause:
                raise
            raise RequestError(cause) from problem

    def close(self) -> None:
        """Close what is open."""
        while self._idle:
            self._idle.pop().close()

    def _head(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None) -> bytes:
        lines = [f"{method} {self._endpoint.prefix}{path} HTTP/1.1", f"Host: {self._host}", "User-Agent: clinical-gate"]
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        elif method != "GET":
            lines.append("Content-Length: 0")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _take(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.alive():
                return connection
            connection.close()
        return None

    def _connect(self) -> _Connection:
        endpoint = self._endpoint
        plain = self._plain((endpoint.host, endpoint.port), (self._source, 0) if self._source else None)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.tls is None:
                return _Connection(plain)
            return _Connection(endpoint.tls.wrap_socket(plain, server_hostname=endpoint.server_name or endpoint.host))
        except BaseException:
            plain.close()
            raise

    def _plain(self, address: tuple[str, int], source: tuple[str, int] | None) -> socket.socket:
        if self._family is None:
            return socket.create_connection(address, source_address=source)
        plain = socket.socket(self._family)
        try:
            if source:
                plain.bind(source)
            plain.connect(address)
        except BaseException:
            plain.close()
            raise
        return plain


class _Connection:
    """One connection, which carries one request at a time."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._parser = _Parser()
        self._hub = gevent.get_hub()
        self._data = self._hub.loop.io(wire.fileno(), _READ)
        self._news = _poll()
        self._news.register(wire.fileno(), select.POLLIN)

    def alive(self) -> bool:
        """Whether it is still open. What comes unasked is its end, or session tickets, which TLS 1.3 sends after all
        else.
        """
        if not self._news.poll(0):
            return True
        self._wire.settimeout(0.0)
        try:
            self._wire.recv(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        finally:
            self._wire.settimeout(None)
        return False

    def send(self, data: bytes) -> None:
        """Send everything."""
        sent = self._wire.send(data)
        if sent < len(data):
            self._wire.sendall(data[sent:])

    def receive(self, on_data: OnData | None) -> tuple[HttpAnswer, bool]:
        """The next answer, and whether the connection stays open after it."""
        parser = self._parser
        parser.begin()
        self._hub.wait(self._data)  # to try first would fail, at some cost
        while not parser.complete:
            data = self._wire.recv(_BLOCK)
            if not data:
                msg = "closed"
                raise ConnectionResetError(msg)
            if not parser.past_head:
                parser.head += data
            parser.feed(data)
            if on_data is not None and parser.body and parser.get_code() < 400:
                on_data(bytes(parser.body))
                parser.body.clear()
        stays = parser.past_head and parser.should_keep_alive()  # not when something else has begun to come
        return HttpAnswer(parser.get_code(), bytes(parser.head), bytes(parser.body)), stays

    def close(self) -> None:
        """Close it."""
        self._data.close()
        with contextlib.suppress(OSError):
            self._wire.close()


class _Parser(HTTPResponseParser):  # type: ignore[misc]  # ships no usable types for its base in C
    """Parses one answer after another. Headers stay bytes: to read each of them would take half the time of a
    request.
    """

    def begin(self) -> None:
        """Expect the next answer."""
        self.complete = self.past_head = False
        self.head, self.body = bytearray(), bytearray()

    def _on_message_begin(self) -> None:
        self.past_head = False

    def _on_status(self, string: str) -> None:
        pass

    def _on_header_field(self, string: str) -> None:
        pass

    def _on_header_value(self, string: str) -> None:
        pass

    def _on_headers_complete(self) -> None:
        self.past_head = True

    def _on_body(self, buf: bytes) -> None:
        self.body += buf

    def _on_message_complete(self) -> None:
        self.complete = self.get_code() >= 200  # what comes before is no answer yet


_CAUSES: tuple[tuple[type[BaseException], str], ...] = (  # the more special before the more general
    (gevent.Timeout, "time-out"),
    (TimeoutError, "time-out"),
    (ConnectionRefusedError, "refused"),
    (ssl.SSLCertVerificationError, "certificate not trusted"),
    (ssl.SSLError, "TLS failed"),
    (HTTPParseError, "not HTTP"),
    (OSError, "connection lost"),
)


def _family(host: str) -> AddressFamily | None:
    """The address family of a host that need not be looked up; None of a name."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    return AddressFamily.AF_INET if version == 4 else AddressFamily.AF_INET6


def _cause(problem: BaseException) -> str:
    """The cause under which a failure is counted; empty for what is no failure of a request."""
    return next((cause for kind, cause in _CAUSES if isinstance(problem, kind)), "")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def expect_success(answer: HttpAnswer) -> HttpAnswer:
    """The answer, when its status is 2xx.

    Raises:
        RequestError: it is another, which is the cause.
    """
    if not 200 <= answer.status < 300:
        msg = f"status {answer.status}"
        raise RequestError(msg)
    return answer


def table_of(answer: HttpAnswer) -> dict[str, object]:
    """The JSON object that an answer is.

    Raises:
        RequestError: it is something else.
    """
    try:
        table = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        table = None
    if not isinstance(table, dict):
        raise RequestError(WRONG_BODY)
    return table
