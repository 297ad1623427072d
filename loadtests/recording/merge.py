"""The records of several generator processes as one: counts are added bucket by bucket, so nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from checks.targets import Latencies, Load, Slice, Written
from loadtests.schedules.profiles import Profile

_NOTHING = Slice(0.0, 0, 0, ())


def merged(parts: Sequence[Load]) -> Load:
    """One record of parts of the same load, at least one; it is complete when every part is."""
    first, written = parts[0], [part.written for part in parts if part.written]
    slices = tuple(
        Slice(
            max(piece.at_s for piece in pieces),
            first.users,
            sum(piece.ended for piece in pieces),
            _together([kind for piece in pieces for kind in piece.kinds]),
        )
        for pieces in zip_longest(*(part.slices for part in parts), fillvalue=_NOTHING)
    )
    generators = tuple(generator for part in parts for generator in part.generators)
    return replace(
        first,
        kinds=_together([kind for part in parts for kind in part.kinds]),
        slices=slices,
        generators=generators,
        generator_cpu=max(part.generator_cpu for part in parts),
        complete=all(part.complete for part in parts),
        written=together(written),
        tokens=sum(part.tokens for part in parts),
        problem="; ".join(dict.fromkeys(part.problem for part in parts if part.problem)),
    )


def together(parts: Sequence[Written]) -> Written | None:
    """What became of the writes of several writers; None when nobody wrote."""
    if not parts:
        return None
    return Written(
        sum(part.acknowledged for part in parts),
        sum(part.lost for part in parts),
        sum(part.duplicated for part in parts),
        sum(part.refused_yet_present for part in parts),
        complete=all(part.complete for part in parts),
    )


def with_users(slices: Sequence[Slice], profile: Profile, slice_s: float) -> tuple[Slice, ...]:
    """The slices with how many users were at work in the middle of each; nobody is after the window's end."""
    return tuple(
        replace(each, users=round(profile.users_at(each.at_s + slice_s / 2)) if each.at_s < profile.seconds else 0)
        for each in slices
    )


def _together(kinds: Sequence[Latencies]) -> tuple[Latencies, ...]:
    names = sorted({kind.kind for kind in kinds})
    return tuple(Latencies.merged(name, (kind for kind in kinds if kind.kind == name)) for name in names)
