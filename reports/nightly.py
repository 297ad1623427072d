"""What a series of nightly reports says: a night that is missing, red, or worse than those before it. Pure.

    remarks(nights, NightlyTerms(), now)     # () when all is well

A later night replaces what was said of an earlier one: only the newest is judged, by those before it. Which is later
is said by the order in which they were signed, and by no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from reports.measured import MeasuredFigure
from reports.records import Verdict

_IN_BASE = {"s": 1.0, "ms": 1e-3}
_CLOCKS_DIFFER = timedelta(minutes=5)


class NightFault(StrEnum):
    """What is amiss with a series of nights."""

    MISSING = "missing"
    RED = "red"
    WORSE = "worse"


@dataclass(frozen=True)
class Night:
    """A verified report of one night."""

    run_id: str
    ended: datetime
    decision: Verdict
    figures: tuple[MeasuredFigure, ...]


@dataclass(frozen=True)
class NightlyTerms:
    """When a night is amiss.

    Args:
        every: how old the newest report may be: a day, and what a run may take.
        tolerance: share by which a time may exceed the median of the nights before.
        window: how many nights before are looked at, of one figure; ``least``: below so many there is no median.
        noise_s: by less than this a time is never worse.
    """

    every: timedelta = timedelta(hours=26)
    tolerance: float = 0.25
    window: int = 10
    least: int = 3
    noise_s: float = 0.5


@dataclass(frozen=True)
class NightRemark:
    """One thing that is amiss; ``of`` is what a figure is of, e.g. a scenario."""

    fault: NightFault
    text: str
    of: tuple[str, ...] = ()


def remarks(nights: Sequence[Night], terms: NightlyTerms, now: datetime) -> tuple[NightRemark, ...]:
    """What is amiss, in the order of `NightFault`.

    Args:
        nights: of one target and kind, in the order of their history.
        now: with a time zone.
    """
    if not nights:
        return (NightRemark(NightFault.MISSING, "there is no report at all"),)
    *before, newest = nights
    return (*_missing(newest, terms, now), *_red(newest), *_worse(newest, before, terms))


def _missing(newest: Night, terms: NightlyTerms, now: datetime) -> Iterator[NightRemark]:
    age = now - newest.ended
    if age > terms.every:
        hours, allowed = age / timedelta(hours=1), terms.every / timedelta(hours=1)
        text = f"the newest report, {newest.run_id}, is {hours:.0f} h old; {allowed:g} h are allowed"
        yield NightRemark(NightFault.MISSING, text)
    elif -age > _CLOCKS_DIFFER:
        hours = -age / timedelta(hours=1)
        text = f"the clock was ahead: the newest report, {newest.run_id}, ended {hours:.1f} h from now"
        yield NightRemark(NightFault.MISSING, text)


def _red(newest: Night) -> Iterator[NightRemark]:
    if newest.decision is not Verdict.APPROVED:
        yield NightRemark(NightFault.RED, f"the newest report, {newest.run_id}, is {newest.decision}")


def _worse(newest: Night, before: Sequence[Night], terms: NightlyTerms) -> Iterator[NightRemark]:
    """By every time that earlier nights have: one that the newest does not have, or not know, is worse, too."""
    known = {(figure.kind, figure.of): figure for figure in newest.figures}
    names = {(f.kind, f.of): f for night in before for f in night.figures if f.unit in _IN_BASE}
    for key, named in sorted(names.items(), key=lambda item: item[0]):
        earlier = [f.value for night in before for f in night.figures if (f.kind, f.of) == key and f.value is not None]
        earlier = earlier[-terms.window :]
        if len(earlier) < terms.least:
            continue
        usual, what = median(earlier), f"{named.kind} of {', '.join(named.of)}"
        of = f"the median of {len(earlier)} nights before is {usual:.4g} {named.unit}"
        value = known[key].value if key in known else None
        if value is None:
            yield NightRemark(NightFault.WORSE, f"{what} is not known; {of}", named.of)
        elif _exceeds(value, usual, _IN_BASE[named.unit], terms):
            text = f"{what} is {value:.4g} {named.unit}; {of}, and {terms.tolerance:.0%} more is allowed"
            yield NightRemark(NightFault.WORSE, text, named.of)


def _exceeds(value: float, usual: float, base: float, terms: NightlyTerms) -> bool:
    return value > usual * (1 + terms.tolerance) and (value - usual) * base >= terms.noise_s
