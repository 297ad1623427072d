"""A write that was acknowledged and lost is a loss whenever it happened, and its acknowledgement is no service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import Result, Status
from checks.policy import Policy, load_policy
from checks.targets import Drill
from fixtures.drills.judgement import ReadBack, RestorationTerms, judge
from fixtures.drills.ledger import EntryKind, LedgerEntry, payload

pytestmark = pytest.mark.unit

_MS = 1_000_000
_EVERY_MS, _END_MS, _FAULT_MS = 40, 40_000, 9_990
_LOST_MS = range(10_000, 21_960, _EVERY_MS)  # 299 writes, the last of them sent 11.92 s after the first


class _Recorded:
    """The one drill there is."""

    def __init__(self, drill: Drill) -> None:
        self._drill = drill

    def scenarios(self) -> tuple[str, ...]:
        return (self._drill.scenario,)

    def drill(self, scenario: str) -> Drill:
        assert scenario == self._drill.scenario
        return self._drill


def _drill(*, complete: bool = True) -> Drill:
    """Every write is acknowledged within 5 ms; those of 12 s after the fault are gone when it is healed."""
    entries = [LedgerEntry(EntryKind.CLOCK, 0, detail="2026-01-01T00:00:00+00:00")]
    for at in range(0, _END_MS, _EVERY_MS):
        if at > _FAULT_MS > at - _EVERY_MS:
            entries.append(LedgerEntry(EntryKind.FAULT, _FAULT_MS * _MS))
            entries.append(LedgerEntry(EntryKind.EFFECT, (_FAULT_MS + 1) * _MS))
        entries.append(LedgerEntry(EntryKind.INVOKE, at * _MS, f"w{at}"))
        entries.append(LedgerEntry(EntryKind.OK, (at + 5) * _MS, f"w{at}"))
        entries.append(LedgerEntry(EntryKind.READ_OK, (at + 5) * _MS, detail=str(at * _MS)))
    entries.append(LedgerEntry(EntryKind.CLOCK, _END_MS * _MS, detail="2026-01-01T00:00:40+00:00"))
    kept = [payload(f"w{at}") for at in range(0, _END_MS, _EVERY_MS) if at not in _LOST_MS]
    read = ReadBack(tuple(kept) if complete else (), complete)
    terms = RestorationTerms(rate_hz=25, stable_s=10)
    return judge(entries, read, terms, scenario="primary-host-killed", fault="f", intact=True)


def _verdict(check: str, drill: Drill, *, rpo_s: float = 5, rto_s: float = 60) -> Result:
    rule = next(rule for rule in catalogue() if rule.id == f"recovery/{check}")
    policy: Policy = load_policy("default")
    objectives = policy.recovery.model_copy(update={"rpo_s": rpo_s, "rto_s": rto_s})
    chosen = policy.model_copy(update={"recovery": objectives})
    return evaluate(rule, lambda _: _Recorded(drill), chosen, target="a test")


def test_the_span_of_what_was_lost_runs_to_the_newest() -> None:
    """20. Not back to the fault alone, from where it would be none."""
    drill = _drill()
    assert len(drill.lost) == 299
    assert drill.lost_span_s == pytest.approx(11.92)


def test_what_was_lost_after_the_fault_counts_against_the_objective() -> None:
    seen = _verdict("no_acknowledged_write_lost", _drill())
    assert seen.status is Status.FAIL
    assert seen.broken[0].message == "299 of 1000 acknowledged writes are gone, over 11.92 s"
    assert _verdict("no_acknowledged_write_lost", _drill(), rpo_s=12).status is Status.PASS


def test_the_acknowledgement_of_a_lost_write_is_no_service() -> None:
    """20. The gap is what clients felt once they looked for what they had written, not the 0.04 s of the answers."""
    drill = _drill()
    assert drill.longest_gap_s == pytest.approx(12.0)
    assert drill.rto_s == pytest.approx(11.975)  # to the first that was kept
    assert _verdict("recovery_time_within_objective", drill, rto_s=11).status is Status.FAIL
    assert _verdict("recovery_time_within_objective", drill, rto_s=13).status is Status.PASS


def test_without_a_complete_read_nobody_knows_which_acknowledgements_held() -> None:
    seen = _verdict("recovery_time_within_objective", _drill(complete=False))
    assert seen.status is Status.UNKNOWN
    assert "could not all be read back" in seen.explanation


def test_what_is_too_slow_whichever_acknowledgements_held_is_too_slow() -> None:
    """Nothing was acknowledged after the fault, and nothing could be read back."""
    seen = _verdict("recovery_time_within_objective", replace(_drill(complete=False), rto_s=None))
    assert seen.status is Status.FAIL
    assert "could not all be read back" in seen.explanation
