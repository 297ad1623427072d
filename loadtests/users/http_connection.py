"""One HTTP/1.1 connection under gevent, and its parser: geventhttpclient's (llhttp, as in Node.js).

h11, which the edge is looked at with, would do as well and costs some 80 us more an answer: a quarter of all that one
core can send.
"""

from __future__ import annotations

import contextlib
import select
import ssl
from collections.abc import Callable

import gevent
from gevent import monkey, socket
from geventhttpclient.response import HTTPParseError, HTTPResponseParser

from loadtests.users.http_answer import HttpAnswer

_BLOCK = 16_384
_READ = 1  # of libev's <ev.h>
# gevent's own poll goes through its loop, which lets other users run in the middle of taking a connection.
_poll = monkey.get_original("select", "poll")
OnData = Callable[[bytes], None]


class HttpConnection:
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
        """The next answer, and whether the connection stays open after it.

        Raises:
            OSError: the connection was lost before the answer's end. One that has neither a length nor chunks ends with
                the connection (RFC 9112 section 6.3), in TLS by a closure alert only (section 9.8).
        """
        parser = self._parser
        parser.begin()
        self._hub.wait(self._data)  # to try first would fail, at some cost
        while not parser.complete:
            data = self._read()
            if not data:
                parser.end()
                break
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

    def _read(self) -> bytes:
        try:
            data: bytes = self._wire.recv(_BLOCK)
        except ssl.SSLEOFError as cut:  # without a closure alert anybody may have ended it
            msg = "closed"
            raise ConnectionResetError(msg) from cut
        return data


class _Parser(HTTPResponseParser):  # type: ignore[misc]  # ships no usable types for its base in C
    """Parses one answer after another. Headers stay bytes: to read each of them would take half the time of a
    request.
    """

    def begin(self) -> None:
        """Expect the next answer."""
        self.complete = self.past_head = False
        self.head, self.body = bytearray(), bytearray()

    def end(self) -> None:
        """The connection has ended.

        Raises:
            ConnectionResetError: and the answer has not.
        """
        with contextlib.suppress(HTTPParseError):
            self.feed(b"")  # completes what ends with the connection
        if not self.complete:
            msg = "closed"
            raise ConnectionResetError(msg)

    def _on_message_begin(self) -> None:
        self.past_head = False

    def _on_status(self, string: str) -> None:
        pass

    def _on_header_field(self, string: str) -> None:
        pass

    def _on_header_value(self, string: str) -> None:
        pass

    def _on_headers_complete(self) -> None:
        self.past_head = self.get_code() >= 200  # what comes before is no answer yet

    def _on_body(self, buf: bytes) -> None:
        self.body += buf

    def _on_message_complete(self) -> None:
        self.complete = self.get_code() >= 200


_CAUSES: tuple[tuple[type[BaseException], str], ...] = (  # the more special before the more general
    (gevent.Timeout, "time-out"),
    (TimeoutError, "time-out"),
    (ConnectionRefusedError, "refused"),
    (ssl.SSLCertVerificationError, "certificate not trusted"),
    (ssl.SSLError, "TLS failed"),
    (HTTPParseError, "not HTTP"),
    (OSError, "connection lost"),
)


def cause_of(problem: BaseException) -> str:
    """The cause under which a failure is counted; empty for what is no failure of a request."""
    return next((cause for kind, cause in _CAUSES if isinstance(problem, kind)), "")
