r"""Server-sent events out of the pieces in which their bytes arrive (WHATWG HTML, section 9.2.6).

    events = EventStream()
    events.read(b"data: fo")            # []
    events.read(b"ur\r\r: comment\n")  # [StreamEvent(name=b"", data=b"four")]

An event is there with the byte that completes it: a lone CR ends a line, and does not wait for what follows. Of the
parsers that others keep, httpx-sse's waits for it, and sseclient-py's splits a CRLF that comes in two pieces.
https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"


class StreamEvent(NamedTuple):
    """One event; ``name`` is empty when it has none, lines of ``data`` are joined by LF. UTF-8, not yet decoded."""

    name: bytes
    data: bytes


class EventStream:
    """Reads one stream from its beginning. What its end leaves unfinished is no event."""

    def __init__(self) -> None:
        self._rest = b""  # of a line that has begun
        self._after_cr = self._begun = False
        self._name, self._data = b"", list[bytes]()

    def read(self, piece: bytes) -> list[StreamEvent]:
        """The events that a piece completes."""
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")  # of a CRLF whose CR has ended the line
            self._after_cr = False
        if b"\r" in piece:
            self._after_cr = piece.endswith(b"\r")
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._rest = (self._rest + piece).split(b"\n")
        found = []
        for line in lines:
            if not self._begun:
                self._begun, line = True, line.removeprefix(_BOM)  # noqa: PLW2901  it may begin a stream
            if line:
                self._field(line)
                continue
            if self._data:
                found.append(StreamEvent(self._name, b"\n".join(self._data)))
                self._data = []
            self._name = b""
        return found

    def _field(self, line: bytes) -> None:
        """Take one line; ``id`` and ``retry`` are for who connects again, and a comment has an empty name."""
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name == b"event":
            self._name = value.removeprefix(b" ")
