"""``python -m benchmarks.load_truth.server LAW PORT FIRST ANSWERS``: answers after the time that its law says, and no
other.

It tells users apart by their address, which is FIRST and the next ones, and counts what each has sent. When told to
end, it writes to ANSWERS when each came and was answered: user, number of the request, and twice ``time.monotonic``.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import selectors
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.load_truth.laws import LAWS, Law

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_BACKLOG = 1024  # a frozen server has many waiting


Note = tuple[int, int, float, float]


class _Connection(asyncio.Protocol):
    def __init__(self, law: Law, first: int, sent: Counter[int], notes: list[Note]) -> None:
        self._law, self._first, self._sent, self._notes = law, first, sent, notes
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol.connection_made`."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a stream's is
        self._transport = transport
        self._user = int(ipaddress.ip_address(transport.get_extra_info("peername")[0])) - self._first

    def data_received(self, data: bytes) -> None:
        """Take one request, which is so small that it comes in one piece."""
        came = time.monotonic()
        number = self._sent[self._user]
        self._sent[self._user] += 1
        self._loop.call_at(came + self._law.seconds(self._user, number), self._answer, number, came)
        del data

    def _answer(self, number: int, came: float) -> None:
        self._transport.write(_ANSWER)
        self._notes.append((self._user, number, came, time.monotonic()))


async def _serve(law: Law, port: int, first: int, notes: list[Note]) -> None:
    loop = asyncio.get_running_loop()
    sent: Counter[int] = Counter()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(lambda: _Connection(law, first, sent, notes), "127.0.0.1", port, backlog=_BACKLOG)
    gc.disable()
    async with server:
        await over.wait()


def main(arguments: list[str]) -> None:
    """Serve until told to end."""
    law, port, first, result = arguments
    notes: list[Note] = []
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())  # epoll waits whole milliseconds
    loop.run_until_complete(_serve(LAWS[law], int(port), int(ipaddress.ip_address(first)), notes))
    Path(result).write_text(json.dumps(notes))


if __name__ == "__main__":
    main(sys.argv[1:])
