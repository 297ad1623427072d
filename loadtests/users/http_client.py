"""A small HTTP/1.1 client for gevent: own source address, SNI apart from the address, keep-alive, timed streams.

    client = HttpClient(Endpoint("10.0.0.2", 443, "clinic.example", trust("ca.pem")), source="10.0.1.7", timeout_s=30)
    answer = client.request("GET", "/patients")

It connects to one address, follows no redirect and never repeats a request, so what is counted is what was sent.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from socket import AddressFamily

import gevent
from gevent import socket
from gevent.ssl import SSLContext

from loadtests.users.http_answer import HttpAnswer, RequestError
from loadtests.users.http_connection import HttpConnection, OnData, cause_of


@dataclass(frozen=True)
class Endpoint:
    """Where to connect, and how the server is called and trusted; ``tls`` is None for plain HTTP."""

    host: str
    port: int
    server_name: str
    tls: SSLContext | None
    prefix: str = ""


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
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # a connection that is cut has not been closed
    return context


class HttpClient:
    """The connections of one user, to ``address``: as many as it has requests under way.

    Args:
        source: address to connect from; empty leaves it to the system.
        timeout_s: a request must be fully answered within this.
    """

    def __init__(self, endpoint: Endpoint, *, source: str, timeout_s: float) -> None:
        self._endpoint, self._source, self._timeout_s = endpoint, source, timeout_s
        self._idle: list[HttpConnection] = []
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
        connection: HttpConnection | None = None
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
            cause = cause_of(problem)
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
            cause = cause_of(problem)
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
            lines += [f"Content-Length: {len(body)}"]
            lines += [] if headers and "Content-Type" in headers else ["Content-Type: application/json"]
        elif method != "GET":
            lines.append("Content-Length: 0")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _take(self) -> HttpConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.alive():
                return connection
            connection.close()
        return None

    def _connect(self) -> HttpConnection:
        endpoint = self._endpoint
        plain = self._plain((endpoint.host, endpoint.port), (self._source, 0) if self._source else None)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.tls is None:
                return HttpConnection(plain)
            name = endpoint.server_name or endpoint.host
            return HttpConnection(endpoint.tls.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False))
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


def _family(host: str) -> AddressFamily | None:
    """The address family of a host that need not be looked up; None of a name."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    return AddressFamily.AF_INET if version == 4 else AddressFamily.AF_INET6


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
