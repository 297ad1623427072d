"""Judging a drill, on histories written by hand: good ones, and each way of being bad."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from checks.targets import Drill
from fixtures.drills.judgement import ReadBack, RestorationTerms, judge, stable
from fixtures.drills.ledger import EntryKind, LedgerEntry, payload

pytestmark = pytest.mark.unit

TERMS = RestorationTerms(rate_hz=10, stable_s=2.0, noise_s=0.02)
_MS = 1_000_000


def _write(at_ms: int, kind: EntryKind | None = EntryKind.OK, *, took_ms: int = 10, key: str = "") -> list[LedgerEntry]:
    name = key or f"w{at_ms}"
    sent = LedgerEntry(EntryKind.INVOKE, at_ms * _MS, name)
    return [sent] if kind is None else [sent, LedgerEntry(kind, (at_ms + took_ms) * _MS, name)]


def _writes(
    first_ms: int, last_ms: int, kind: EntryKind | None = EntryKind.OK, *, took_ms: int = 10
) -> list[LedgerEntry]:
    """One write every 100 ms in [first, last)."""
    return [entry for at in range(first_ms, last_ms, 100) for entry in _write(at, kind, took_ms=took_ms)]


def _mark(kind: EntryKind, at_ms: int) -> LedgerEntry:
    return LedgerEntry(kind, at_ms * _MS)


def _history(*parts: Iterable[LedgerEntry], fault_ms: int = 3000, effect_ms: int = 3005) -> list[LedgerEntry]:
    clocks = [
        LedgerEntry(EntryKind.CLOCK, 0, detail="2026-01-01T00:00:00+00:00"),
        LedgerEntry(EntryKind.CLOCK, 60_000 * _MS, detail="2026-01-01T00:01:00+00:00"),
    ]
    marks = [_mark(EntryKind.FAULT, fault_ms), _mark(EntryKind.EFFECT, effect_ms)]
    return sorted(
        [*clocks, *marks, *(e for part in parts for e in part)], key=lambda e: (e.at_ns, e.kind != EntryKind.INVOKE)
    )


def _judge(
    entries: list[LedgerEntry], *, without: Iterable[str] = (), more: Iterable[str] = (), complete: bool = True
) -> Drill:
    """Judge with a read that finds every acknowledged write, less ``without``, and ``more`` payloads."""
    gone = set(without)
    held = [payload(e.key) for e in entries if e.kind is EntryKind.OK and e.key not in gone]
    read = ReadBack((*held, *more), complete)
    return judge(entries, read, TERMS, scenario="s", fault="f", intact=True)


def _outage(until_ms: int = 6000, end_ms: int = 10_000) -> list[LedgerEntry]:
    return _history(_writes(0, 3000), _writes(3100, until_ms, EntryKind.INFO, took_ms=1000), _writes(until_ms, end_ms))


def test_an_outage_that_ends() -> None:
    drill = _judge(_outage())
    assert drill.rto_s == pytest.approx(3.010)
    assert drill.longest_gap_s == pytest.approx(3.1)
    assert drill.resolution_s == pytest.approx(0.1)
    assert drill.ack_age_s == pytest.approx(0.09)
    assert drill.acknowledged == 70
    assert drill.ledger_intact
    assert drill.complete_read
    assert (drill.lost, drill.corrupt, drill.duplicate, drill.failed_yet_present) == ((), (), (), ())
    assert drill.clock_skew_s == pytest.approx(0.0)


def test_service_that_never_returns_has_no_rto() -> None:
    drill = _judge(_history(_writes(0, 3000), _writes(3100, 10_000, EntryKind.FAIL)))
    assert drill.rto_s is None
    assert drill.longest_gap_s == pytest.approx(6.99, abs=0.02)


def test_one_answer_in_an_outage_is_no_recovery() -> None:
    blip = _history(
        _writes(0, 3000),
        _writes(3100, 4000, EntryKind.INFO),
        _write(4000),
        _writes(4100, 7000, EntryKind.INFO),
        _writes(7000, 10_000),
    )
    assert _judge(blip).rto_s == pytest.approx(4.010)


def test_answers_of_a_planned_switchover_say_nothing_before_it_took_effect() -> None:
    entries = _history(_writes(0, 5500), _writes(5500, 7000, EntryKind.INFO), _writes(7000, 10_000), effect_ms=5000)
    assert _judge(entries).rto_s == pytest.approx(4.010)


def test_a_window_that_is_slow_is_not_stable() -> None:
    slow = _history(_writes(0, 3000), _writes(3100, 6000, took_ms=60), _writes(6000, 10_000))
    # The last slow write was sent at 5900: the first window in which no more than 5 % are slow opens after it.
    assert _judge(slow).rto_s == pytest.approx(3.0, abs=0.12)
    assert _judge(_history(_writes(0, 3000), _writes(3100, 10_000, took_ms=60))).rto_s is None


def test_latencies_below_the_noise_are_not_slow() -> None:
    assert _judge(_history(_writes(0, 3000, took_ms=1), _writes(3100, 6000, took_ms=15))).rto_s == pytest.approx(0.115)


def test_a_window_that_was_cut_short_proves_nothing() -> None:
    assert _judge(_outage(end_ms=7900)).rto_s is None
    assert not stable(_outage(end_ms=7900), TERMS)
    assert stable(_outage(end_ms=8200), TERMS)


def test_a_window_with_hardly_any_writes_proves_nothing() -> None:
    sparse = _history(_writes(0, 3000), *[_write(at) for at in range(4000, 10_000, 1000)])
    assert _judge(sparse).rto_s is None


def test_service_that_returns_only_with_the_heal_did_not_recover() -> None:
    entries = _history(
        _writes(0, 3000), _writes(3100, 6000, EntryKind.INFO), [_mark(EntryKind.HEAL, 5900)], _writes(6000, 10_000)
    )
    assert _judge(entries).rto_s is None


def test_an_acknowledgement_that_was_lost_opens_no_window() -> None:
    drill = _judge(_outage(), without=["w6000", "w6100"])
    assert drill.rto_s == pytest.approx(3.210)
    assert drill.lost == ("w6000", "w6100")


def test_lost_writes_and_how_far_back_they_reach() -> None:
    drill = _judge(_outage(), without=["w2500", "w2900"])
    assert drill.lost == ("w2500", "w2900")
    assert drill.lost_span_s == pytest.approx(0.49)


def test_an_unknown_outcome_may_have_been_applied_or_not() -> None:
    drill = _judge(_outage(), more=[payload("w3100")])
    assert (drill.lost, drill.corrupt, drill.failed_yet_present) == ((), (), ())


def test_what_was_said_to_have_failed_must_not_be_there() -> None:
    entries = _history(_writes(0, 3000), _write(3100, EntryKind.FAIL), _writes(3200, 6000))
    assert _judge(entries, more=[payload("w3100")]).failed_yet_present == ("w3100",)


def test_rows_that_are_there_twice() -> None:
    assert _judge(_outage(), more=[payload("w100")]).duplicate == ("w100",)


def test_rows_that_nobody_wrote_or_that_changed_are_corrupt() -> None:
    changed = payload("w100")[:-1] + "?"
    assert _judge(_outage(), without=["w100"], more=[changed, payload("x")]).corrupt == (changed, payload("x"))


def test_a_write_without_outcome_is_unknown() -> None:
    drill = _judge(_history(_writes(0, 3000), _write(3100, None), _writes(3200, 6000)))
    assert drill.acknowledged == 58
    assert drill.ledger_intact
    assert drill.lost == ()


def test_the_age_of_the_last_acknowledgement_before_the_fault() -> None:
    assert _judge(_history(_writes(0, 1000), _writes(5000, 8000))).ack_age_s == pytest.approx(2.09)
    assert _judge(_history(_writes(3100, 8000))).ack_age_s == float("inf")


@pytest.mark.parametrize(
    "odd",
    [
        [LedgerEntry(EntryKind.OK, 9000 * _MS, "never-sent")],
        [LedgerEntry(EntryKind.FAIL, 9000 * _MS, "w100")],
        [LedgerEntry(EntryKind.INVOKE, 9000 * _MS, "w100")],
    ],
)
def test_a_ledger_that_contradicts_itself_is_not_intact(odd: list[LedgerEntry]) -> None:
    assert not _judge(_history(_writes(0, 3000), _writes(3100, 6000), odd)).ledger_intact


def test_an_incomplete_read_is_passed_on() -> None:
    assert not _judge(_outage(), complete=False).complete_read


def _span(node: str, first_ms: int, last_ms: int) -> LedgerEntry:
    return LedgerEntry(EntryKind.WRITABLE, first_ms * _MS, node, detail=str(last_ms * _MS))


def test_two_writable_primaries() -> None:
    watched = [
        LedgerEntry(EntryKind.WATCHED, 9000 * _MS, "pg1", detail=f"100 90 {3004 * _MS}"),
        LedgerEntry(EntryKind.WATCHED, 9000 * _MS, "pg2", detail=f"80 80 {9000 * _MS}"),
    ]
    one = _judge([*_outage(), _span("pg1", 0, 3000), _span("pg2", 5000, 9000), *watched])
    assert not one.two_primaries_seen
    assert one.taken_over_s == pytest.approx(2.0)
    assert _judge([*_outage(), _span("pg1", 0, 9000)]).taken_over_s is None
    assert (one.primary_samples, one.unanswered) == (170, 10)
    assert one.unseen == ("pg1",)  # its last answer came before the fault took effect
    assert _judge([*_outage(), _span("pg1", 0, 5100), _span("pg2", 5000, 9000)]).two_primaries_seen
    assert _judge([*_outage(), _span("pg1", 0, 9000), _span("pg2", 5000, 5100)]).two_primaries_seen
    assert not _judge([*_outage(), _span("pg1", 0, 3000), _span("pg1", 5000, 9000)]).two_primaries_seen


def test_who_was_seen_to_hold_the_lock() -> None:
    seen = [LedgerEntry(EntryKind.HOLDER, at * _MS, detail=who) for at, who in ((10, "pg1"), (4000, ""), (4500, "pg2"))]
    drill = _judge([*_outage(), *seen])
    assert drill.lock_lost_s == pytest.approx(1.0)
    assert drill.elected_s == pytest.approx(1.5)
    swift = _judge([*_outage(), seen[0], seen[2]])
    assert swift.lock_lost_s == swift.elected_s == pytest.approx(1.5)
    assert _judge([*_outage(), seen[0]]).lock_lost_s is None


def test_redundancy_is_counted_from_the_heal() -> None:
    healed = [_mark(EntryKind.HEAL, 9000), _mark(EntryKind.REDUNDANT, 11_500)]
    assert _judge([*_outage(), *healed]).redundancy_s == pytest.approx(2.5)
    assert _judge([*_outage(), healed[0]]).redundancy_s is None


def _read(at_ms: int, kind: EntryKind) -> LedgerEntry:
    return LedgerEntry(kind, (at_ms + 5) * _MS, detail=str(at_ms * _MS))


def test_reads_have_an_objective_of_their_own() -> None:
    reads = [_read(at, EntryKind.READ_FAIL if 3000 <= at < 4000 else EntryKind.READ_OK) for at in range(0, 9000, 200)]
    assert _judge([*_outage(), *reads]).read_rto_s == pytest.approx(1.005)
    assert _judge(_outage()).read_rto_s is None


def test_a_ledger_without_a_fault_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="records no fault"):
        judge(_writes(0, 1000), ReadBack((), complete=True), TERMS, scenario="s", fault="f", intact=True)


def _long_outage() -> list[LedgerEntry]:
    """Nothing is served from 3 s on; it is healed at 8 s, and served from 9 s on."""
    reads = [_read(at, EntryKind.READ_FAIL if 3000 <= at < 9000 else EntryKind.READ_OK) for at in range(0, 13_000, 200)]
    writes = _writes(0, 3000), _writes(3100, 9000, EntryKind.INFO, took_ms=1000), _writes(9000, 13_000)
    return _history(*writes, reads, [_mark(EntryKind.HEAL, 8000)])


def test_service_that_waits_for_the_heal_is_counted_from_it() -> None:
    drill = _judge(_long_outage())
    assert (drill.rto_s, drill.read_rto_s) == (None, None)
    assert drill.healed_rto_s == pytest.approx(1.010)
    assert drill.healed_read_rto_s == pytest.approx(1.005)
    assert drill.longest_read_gap_s == pytest.approx(6.2)  # from the answer to the last good read to the next
    assert stable(_long_outage(), TERMS, healed=True)
    assert not stable(_long_outage(), TERMS)
    assert not stable(_outage(), TERMS, healed=True)  # nothing was healed yet


def test_service_that_does_not_come_back_with_the_heal_has_no_time_from_it() -> None:
    drill = _judge(_history(_writes(0, 3000), _writes(3100, 9000, EntryKind.FAIL), [_mark(EntryKind.HEAL, 5000)]))
    assert (drill.healed_rto_s, drill.healed_read_rto_s) == (None, None)
