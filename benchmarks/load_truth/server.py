"""``python -m benchmarks.load_truth.server LAW PORT FIRST ANSWERS``: answers after the time that its law says, and no
other.

It tells users apart by their address, which is FIRST and the next ones, and counts what each has sent. When told to
end, it writes to ANSWERS when each came and was answered: user, number of the request, and twice ``time.monotonic``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
import time
from collections import Counter

from benchmarks.load_truth.laws import LAWS, Law
from benchmarks.load_truth.serve import serve_until_told

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
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


def main(arguments: list[str]) -> None:
    """Serve until told to end."""
    law, port, first, result = arguments
    notes: list[Note] = []
    sent: Counter[int] = Counter()
    start = int(ipaddress.ip_address(first))
    serve_until_told(lambda: _Connection(LAWS[law], start, sent, notes), int(port), notes, result)


if __name__ == "__main__":
    main(sys.argv[1:])
