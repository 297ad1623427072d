"""Nodes that never said whether they take writes are no evidence that only one does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import Result, Status
from checks.policy import load_policy
from checks.targets import Drill
from fixtures.drills.judgement import ReadBack, RestorationTerms, judge
from fixtures.drills.ledger import EntryKind, LedgerEntry, payload

pytestmark = pytest.mark.unit

_S = 1_000_000_000


class _Drills:
    def __init__(self, drill: Drill) -> None:
        self._drill = drill

    def scenarios(self) -> tuple[str, ...]:
        return ("db-killed",)

    def drill(self, scenario: str) -> Drill:
        return replace(self._drill, scenario=scenario)


def _verdict(*watched: LedgerEntry) -> Result:
    """Of a minute without any outage, and whatever is known of its nodes."""
    writes = [
        LedgerEntry(kind, at * _S + later, f"w{at}")
        for at in range(60)
        for kind, later in ((EntryKind.INVOKE, 0), (EntryKind.OK, 5_000_000))
    ]
    marks = [
        LedgerEntry(EntryKind.CLOCK, 0, detail="2026-01-01T00:00:00+00:00"),
        LedgerEntry(EntryKind.FAULT, 30 * _S),
        LedgerEntry(EntryKind.EFFECT, 31 * _S),
        LedgerEntry(EntryKind.CLOCK, 60 * _S, detail="2026-01-01T00:01:00+00:00"),
    ]
    read = ReadBack(tuple(payload(f"w{at}") for at in range(60)), complete=True)
    terms = RestorationTerms(rate_hz=1)
    drill = judge([*marks, *writes, *watched], read, terms, scenario="", fault="f", intact=True)
    rule = next(rule for rule in catalogue() if rule.id == "recovery/one_writable_primary")
    return evaluate(rule, lambda _: _Drills(drill), load_policy("default"), target="a test")


def _watched(node: str, asked: int, answered: int, last_s: int) -> LedgerEntry:
    return LedgerEntry(EntryKind.WATCHED, 60 * _S, node, detail=f"{asked} {answered} {last_s * _S}")


def _writable(node: str, first_s: int, last_s: int) -> LedgerEntry:
    return LedgerEntry(EntryKind.WRITABLE, first_s * _S, node, detail=str(last_s * _S))


def test_nodes_that_answered_since_the_fault() -> None:
    seen = _verdict(_watched("db1", 600, 500, 60), _watched("db2", 600, 600, 60), _writable("db1", 0, 30))
    assert seen.status is Status.PASS
    assert seen.findings[0].message == "never two at once, in 1100 answers; 100 times there was none"


@pytest.mark.parametrize("last_s", [0, 30])
def test_a_node_that_said_nothing_since_the_fault(last_s: int) -> None:
    """Cut off, it may have gone on taking writes."""
    seen = _verdict(_watched("db1", 600, 300 if last_s else 0, last_s), _watched("db2", 600, 600, 60))
    assert seen.status is Status.UNKNOWN
    assert seen.explanation == "db-killed: db1 never said since the fault whether it takes writes: nobody knows"


def test_two_that_were_seen_are_two_whatever_another_says() -> None:
    two = (_writable("db1", 0, 59), _writable("db2", 40, 59))
    assert _verdict(*two, *(_watched(f"db{n}", 600, 600, 60) for n in (1, 2)), _watched("db3", 600, 0, 0)).status is (
        Status.FAIL
    )


def test_no_nodes_at_all_are_no_evidence() -> None:
    assert _verdict().status is Status.UNKNOWN
