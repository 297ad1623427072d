"""What was answered while something was broken, and who took over: on histories written by hand."""

from __future__ import annotations

import pytest

from checks.targets import Drill
from fixtures.drills.judgement import ReadBack, RestorationTerms, judge
from fixtures.drills.ledger import EntryKind, LedgerEntry

pytestmark = pytest.mark.unit


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def _read(sent_s: float, kind: EntryKind, took_s: float = 0.1) -> LedgerEntry:
    return LedgerEntry(kind, _ns(sent_s + took_s), detail=str(_ns(sent_s)))


def _writable(node: str, first_s: float, last_s: float) -> LedgerEntry:
    return LedgerEntry(EntryKind.WRITABLE, _ns(first_s), node, detail=str(_ns(last_s)))


def _drill(*entries: LedgerEntry) -> Drill:
    marks = [
        LedgerEntry(kind, _ns(at)) for kind, at in ((EntryKind.FAULT, 10), (EntryKind.EFFECT, 11), (EntryKind.HEAL, 20))
    ]
    return judge(
        [*marks, *entries], ReadBack((), complete=True), RestorationTerms(), scenario="s", fault="f", intact=True
    )


def test_only_reads_between_effect_and_heal_count() -> None:
    """One that was sent before, or is answered after, says nothing of what is withheld."""
    seen = _drill(
        _read(5, EntryKind.READ_OK),
        _read(10.95, EntryKind.READ_OK),
        _read(12, EntryKind.READ_FAIL),
        _read(13, EntryKind.READ_OK),
        _read(19.95, EntryKind.READ_OK),
        _read(25, EntryKind.READ_OK),
    )
    assert (seen.reads_while_broken, seen.answered_while_broken) == (2, 1)


def test_who_took_over_took_no_writes_before() -> None:
    """A primary that did not take writes for a while, and does again, is no other one."""
    again = _drill(_writable("pg1", 1, 11), _writable("pg1", 15, 30))
    assert (again.took_over, again.taken_over_s) == ((), 5.0)
    other = _drill(_writable("pg1", 1, 11), _writable("pg2", 15, 30), _writable("pg3", 31, 40))
    assert other.took_over == ("pg2", "pg3")
