"""Reading an answer at the places that a description names by JSON pointers (RFC 6901). Pure.

    values_at(b'{"entry": [{"id": "7"}, {"id": "9"}]}', "/entry/0/id")   # {"7", "9"}
    value_at(b'{"access_token": "abc"}', "/access_token")                 # "abc"

An answer without the place, or that is no JSON, has nothing there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

import jsonpointer


def values_at(body: bytes, pointer: str) -> frozenset[str]:
    """Every text or number there; through the first element of a list a pointer stands for every element."""
    try:
        document = json.loads(body)
    except ValueError:
        return frozenset()
    return frozenset(values_in(document, pointer))


def value_at(body: bytes, pointer: str) -> str:
    """One of them; empty when there is none."""
    return next(iter(values_at(body, pointer)), "")


def element_at(document: object, pointer: str) -> object:
    """What is there in a parsed answer, of any kind; None when there is nothing."""
    return jsonpointer.JsonPointer(pointer).resolve(document, None)


def values_in(document: object, pointer: str) -> tuple[str, ...]:
    """Every text or number there, in the document's order."""
    return tuple(str(value) for value in _walk(document, _parts(pointer)) if _is_plain(value))


def is_in(document: object, pointer: str) -> bool:
    """Whether there is anything there; ``null`` is nothing."""
    return next(_walk(document, _parts(pointer)), None) is not None


def rows_in(document: object, pointer: str) -> int:
    """How many elements the first list has through which a pointer leads; 0 when there is no such list."""
    parts = _parts(pointer)
    way = parts[: parts.index("0")] if "0" in parts else parts
    found = next(_walk(document, way), None)
    return len(found) if isinstance(found, list) else 0


@lru_cache(maxsize=256)
def _parts(pointer: str) -> tuple[str, ...]:
    return tuple(jsonpointer.JsonPointer(pointer).parts)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _walk(document: object, parts: tuple[str, ...]) -> Iterator[object]:
    if not parts:
        yield document
        return
    head, rest = parts[0], parts[1:]
    if isinstance(document, list) and head == "0":
        for element in document:
            yield from _walk(element, rest)
    elif isinstance(document, list) and head.isdigit() and int(head) < len(document):
        yield from _walk(document[int(head)], rest)
    elif isinstance(document, dict) and head in document:
        yield from _walk(document[head], rest)
