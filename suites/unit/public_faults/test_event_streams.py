"""Server-sent events are read by their specification, in whatever pieces they come."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.users.event_stream import EventStream, StreamEvent

pytestmark = pytest.mark.unit

BOM = b"\xef\xbb\xbf"
EXAMPLES = [
    (b"data: one\n\n", [(b"", b"one")]),
    (b"data: one\r\rdata: two\r\r", [(b"", b"one"), (b"", b"two")]),
    (b"data: one\r\n\r\ndata: two\r\n\r\n", [(b"", b"one"), (b"", b"two")]),
    (b"data: one\n\r\ndata: two\r\n\r", [(b"", b"one"), (b"", b"two")]),
    (b'data: {"a":\ndata: 1}\n\n', [(b"", b'{"a":\n1}')]),
    (b": keep-alive\n\n:\n\ndata: one\n: in between\n\n", [(b"", b"one")]),
    (BOM + b"data: one\n\n" + BOM + b"data: two\n\n", [(b"", b"one")]),
    (b"event: error\nid: 7\nretry: 10\nid\ndata: one\n\ndata: two\n\n", [(b"error", b"one"), (b"", b"two")]),
    (b"event: ping\n\ndata: one\n\n", [(b"", b"one")]),
    (b"data:  two spaces\ndata\ndata:\n\n", [(b"", b" two spaces\n\n")]),
    (b"data\n\ndata: \n\n", [(b"", b""), (b"", b"")]),
    (b"Data: one\nmore: two\n{}\n\n", []),
    (b"data: one\n\ndata: cut off\n", [(b"", b"one")]),
    ("data: café \u2028 \x0b \x85\n\n".encode(), [(b"", "café \u2028 \x0b \x85".encode())]),
]


def _read(pieces: list[bytes]) -> list[StreamEvent]:
    stream = EventStream()
    return [event for piece in pieces for event in stream.read(piece)]


@pytest.mark.parametrize(("text", "events"), EXAMPLES)
def test_events_are_those_of_the_specification(text: bytes, events: list[tuple[bytes, bytes]]) -> None:
    """17. Whole, byte by byte, and split in two at every place."""
    assert _read([text]) == events
    assert _read([bytes([byte]) for byte in text]) == events
    for at in range(len(text)):
        assert _read([text[:at], b"", text[at:]]) == events


def test_a_lone_cr_does_not_wait_for_what_follows() -> None:
    """The moment of a token is that of its own last byte."""
    stream = EventStream()
    assert stream.read(b"data: one\r\r") == [(b"", b"one")]
    assert stream.read(b"data: two\r\n\r") == [(b"", b"two")]
    assert stream.read(b"\ndata: three\n\n") == [(b"", b"three")]


LINES = st.sampled_from([b"data: a", b"data:b", b"data", b"event: e", b"event", b": c", b"id: 1", b"", b"", b"x", BOM])
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])
CUTS = st.lists(st.integers(0, 200), max_size=8)


@given(st.booleans(), st.lists(st.tuples(LINES, ENDS), max_size=16), CUTS)
def test_pieces_do_not_matter(bom: bool, lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:  # noqa: FBT001
    """Against the specification's algorithm on the whole text, whatever it holds and wherever it is cut."""
    text = BOM * bom + b"".join(part for line in lines for part in line)
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[begin:end] for begin, end in pairwise(places)]
    assert _read(pieces) == _specified(text)


def _specified(text: bytes) -> list[tuple[bytes, bytes]]:
    """Section 9.2.6, step by step, on a stream that is all there."""
    found, name, data = [], b"", b""
    *lines, _ = re.split(rb"\r\n|\n|\r", text.removeprefix(BOM))
    for line in lines:
        if not line:
            if data:
                found.append((name, data[:-1]))
            name, data = b"", b""
            continue
        field, colon, value = line.partition(b":")
        if colon and value.startswith(b" "):
            value = value[1:]
        if field == b"event":
            name = value
        elif field == b"data":
            data += value + b"\n"
    return found
