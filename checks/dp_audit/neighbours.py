"""Pairs of neighbouring inputs that are worth trying first.

The patterns are StatDP's (Ding et al. 2018, section 5.3): one entry differs, or, where the entries are answers of
queries with sensitivity 1, every entry may. Each stands once around 1 and once around 0, where floating-point numbers
are finest.
"""

from __future__ import annotations

from enum import StrEnum

from checks.dp_audit.model import Pair


class Adjacency(StrEnum):
    """Which inputs are neighbours."""

    ENTRY = "entry"
    ENTRIES = "entries"
    ADD_REMOVE = "add-remove"


def patterns(adjacency: Adjacency, length: int) -> tuple[Pair, ...]:
    """Neighbouring inputs of so many entries.

    Args:
        adjacency: ``entry``: one entry differs by at most 1; ``entries``: each may; ``add-remove``: one entry more or
            less.
    """
    if length < 1:
        msg = f"an input has at least one entry: {length}"
        raise ValueError(msg)
    rest = length - 1
    flat = (1.0,) * length
    if adjacency is Adjacency.ADD_REMOVE:
        return (
            Pair("one more", (*flat, 1.0), flat),
            Pair("one zero more", (*flat, 0.0), flat),
            Pair("one instead of none", (1.0,), ()),
        )
    pairs = [
        Pair("one below", flat, (0.0, *flat[1:])),
        Pair("one above", flat, (2.0, *flat[1:])),
        Pair("one above zero", (0.0,) * length, (1.0, *(0.0,) * rest)),
    ]
    if adjacency is Adjacency.ENTRY or length == 1:
        return (*pairs, Pair("half a step", (0.0,) * length, (0.5, *(0.0,) * rest)))
    half = length // 2
    other = length - half
    return (
        *pairs,
        Pair("one above, rest below", flat, (2.0, *(0.0,) * rest)),
        Pair("one below, rest above", flat, (0.0, *(2.0,) * rest)),
        Pair("last above, rest below", flat, (*(0.0,) * rest, 2.0)),
        Pair("last below, rest above", flat, (*(2.0,) * rest, 0.0)),
        Pair("half above, half below", flat, ((2.0,) * half + (0.0,) * other)),
        Pair("all above", flat, (2.0,) * length),
        Pair("all below", flat, (0.0,) * length),
        Pair("X shape", (1.0,) * half + (0.0,) * other, (0.0,) * half + (1.0,) * other),
    )
