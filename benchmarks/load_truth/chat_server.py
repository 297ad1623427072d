"""``python -m benchmarks.load_truth.chat_server LAW PORT FIRST ANSWERS``: streams chats as its law says.

It tells users apart as `benchmarks.load_truth.server` does. When told to end, it writes to ANSWERS of each chat: user,
number, and by ``time.monotonic`` when it came, when each event with tokens was sent, and when it had ended.
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
import time
from collections import Counter

from benchmarks.load_truth.chat_laws import CHAT_LAWS, ChatLaw
from benchmarks.load_truth.serve import serve_until_told

ChatNote = tuple[int, int, float, list[float], float]


class _Connection(asyncio.Protocol):
    def __init__(self, law: ChatLaw, first: int, sent: Counter[int], notes: list[ChatNote]) -> None:
        self._law, self._first, self._sent, self._notes = law, first, sent, notes
        self._loop = asyncio.get_running_loop()
        framing = b"Connection: close" if law.closes else b"Transfer-Encoding: chunked"
        self._head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + framing + b"\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol.connection_made`."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a stream's is
        self._transport = transport
        self._user = int(ipaddress.ip_address(transport.get_extra_info("peername")[0])) - self._first

    def data_received(self, data: bytes) -> None:
        """Take one request, which is so small that it comes in one piece."""
        came, number = time.monotonic(), self._sent[self._user]
        self._sent[self._user] += 1
        self._loop.call_at(came + self._law.every_s, self._say, number, came, [])
        del data

    def _say(self, number: int, came: float, moments: list[float]) -> None:
        events = self._law.events()
        self._transport.write((b"" if moments else self._head) + self._framed(events[len(moments)]))
        moments.append(time.monotonic())
        if len(moments) < len(events):
            self._loop.call_at(came + (len(moments) + 1) * self._law.every_s, self._say, number, came, moments)
        else:
            self._end(number, came, moments)

    def _end(self, number: int, came: float, moments: list[float]) -> None:
        last = self._framed(self._law.last(self._law.ending(self._user, number)))
        self._transport.write(last + (b"" if self._law.closes else b"0\r\n\r\n"))
        self._notes.append((self._user, number, came, moments, time.monotonic()))
        if self._law.closes:
            self._transport.close()

    def _framed(self, event: bytes) -> bytes:
        return event if self._law.closes else f"{len(event):x}\r\n".encode() + event + b"\r\n"


def main(arguments: list[str]) -> None:
    """Serve until told to end."""
    law, port, first, result = arguments
    notes: list[ChatNote] = []
    sent: Counter[int] = Counter()
    start = int(ipaddress.ip_address(first))
    serve_until_told(lambda: _Connection(CHAT_LAWS[law], start, sent, notes), int(port), notes, result)


if __name__ == "__main__":
    main(sys.argv[1:])
