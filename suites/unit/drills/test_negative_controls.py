"""What turns a drill red, and for which reason: each in the lab, on a real PostgreSQL, or of a real ledger.

The self-proof of each run holds that every violation fails; here, that it fails for what is wrong with it. Of a false
failover, and of an answer that must be withheld, nothing else fails, so a run proves that finding by itself. A drill
that is not halted has broken its promise before, and fails by that gap, too: that the halt rule is judged is proven
here alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.lab import DatabaseFlaws, DrillFlaws, Flaws, Target
from checks.model import Reason, Result, Status
from checks.policy import load_policy
from checks.targets import Continuity, Database, Drill, Drills, RecoveryPromise
from fixtures.drills.judgement import ReadBack, RestorationTerms, judge
from fixtures.drills.ledger import DrillLedger, EntryKind, payload, read_ledger
from fixtures.lab.builders import LabBuilder
from fixtures.lab.laboratory import Laboratory

pytestmark = pytest.mark.unit

_GOES_ON = RecoveryPromise(writes=Continuity.CONTINUE, gap_s=0.5)
_CUT = (
    "ALTER TABLE audit_log DISABLE TRIGGER ALL; DELETE FROM audit_log WHERE seq = 2;"
    " ALTER TABLE audit_log ENABLE ALWAYS TRIGGER append_only"
)


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    made = Laboratory()
    try:
        yield made
    finally:
        made.close()


def _judged(check: str, target: Drills | Database) -> Result:
    rule = next(rule for rule in catalogue() if rule.id == check)
    return evaluate(rule, lambda _: target, load_policy("default"), target="the lab")


_CONTROLS = {
    "asynchronous replication": (
        "recovery/no_acknowledged_write_lost",
        DrillFlaws(synchronous=False),
        "acknowledged writes",
        "acknowledged writes are gone",
    ),
    "synchronous_commit off": (
        "recovery/no_acknowledged_write_lost",
        DrillFlaws(durable=False),
        "acknowledged writes",
        "acknowledged writes are gone",
    ),
    "duplicate": (
        "recovery/no_acknowledged_write_lost",
        DrillFlaws(idempotent=False),
        "rows there twice",
        "found",
    ),
    "unfenced primary": (
        "recovery/one_writable_primary",
        DrillFlaws(fenced=False),
        "nodes that take writes",
        "two at once",
    ),
    "false failover": (
        "recovery/one_writable_primary",
        DrillFlaws(promise=RecoveryPromise(takeover=False), usurped=True),
        "who took over",
        " did",
    ),
    "halt rule that does not trip": (
        "recovery/recovery_time_within_objective",
        DrillFlaws(promise=_GOES_ON, down_s=1.0, halts=False),
        "halt rule",
        "beyond the promise",
    ),
    "an answer that must be withheld": (
        "recovery/recovery_time_within_objective",
        DrillFlaws(promise=RecoveryPromise(reads=Continuity.WITHHOLD), degrades=True),
        "what must be withheld",
        "reads were answered while it was broken",
    ),
}


# All that is broken.
_ALONE = {
    "false failover": {"who took over"},
    "halt rule that does not trip": {"halt rule", "longest gap between acknowledgements"},
    "an answer that must be withheld": {"what must be withheld"},
}


@pytest.mark.parametrize("control", _CONTROLS)
def test_it_is_red_for_its_own_reason(control: str, laboratory: Laboratory) -> None:
    check, flaws, subject, words = _CONTROLS[control]
    with laboratory.bench() as bench:
        seen = _judged(check, LabBuilder(bench).build(flaws))
    assert seen.status is Status.FAIL
    (finding,) = [finding for finding in seen.broken if finding.subject.endswith(f": {subject}")]
    assert words in finding.message
    broken = {finding.subject.partition(": ")[2] for finding in seen.broken}
    assert broken == _ALONE.get(control, broken)


class _AskedError(Exception):
    """What a violation would have built."""


class _Noting:
    """A lab that builds nothing, and notes what it was asked for."""

    def __init__(self) -> None:
        self.flaws: list[object] = []

    def build(self, flaws: Flaws[Target]) -> Target:
        """See `checks.lab.Lab.build`."""
        self.flaws.append(flaws)
        raise _AskedError


def test_every_control_is_a_violation_of_its_check() -> None:
    """So each run of drills proves it again."""
    for check, flaws, *_ in _CONTROLS.values():
        lab = _Noting()
        rule = next(rule for rule in catalogue() if rule.id == check)
        for violation in rule.violations:
            with pytest.raises(_AskedError):
                violation(lab)
        assert flaws in lab.flaws, check


def test_a_drill_that_is_halted_is_healed_at_once(laboratory: Laboratory) -> None:
    """The promise is broken all the same."""
    with laboratory.bench() as bench:
        flaws = DrillFlaws(promise=_GOES_ON, restarted=False)
        seen = _judged("recovery/recovery_time_within_objective", LabBuilder(bench).build(flaws))
    subjects = {finding.subject.partition(": ")[2] for finding in seen.broken}
    assert "longest gap between acknowledgements" in subjects
    assert "halt rule" not in subjects


def test_an_audit_row_that_was_deleted(laboratory: Laboratory) -> None:
    """The chain is walked when the drills are over."""
    with laboratory.bench() as bench:
        seen = _judged("audit/chain_intact", LabBuilder(bench).build(DatabaseFlaws(sql=_CUT)))
    assert seen.status is Status.FAIL
    assert {finding.message for finding in seen.broken} == {"entry 2 is missing"}


def _ledger(directory: Path) -> Path:
    """A short drill that lost nothing, as it was recorded."""
    path = directory / "drill.jsonl"
    with DrillLedger(path) as ledger:
        ledger.clock()
        for number in range(40):
            if number == 20:
                ledger.append(EntryKind.FAULT)
                ledger.append(EntryKind.EFFECT)
            ledger.append(EntryKind.INVOKE, f"k-{number}")
            ledger.append(EntryKind.OK, f"k-{number}")
        ledger.append(EntryKind.HEAL)
        ledger.clock()
    return path


class _One:
    def __init__(self, drill: Drill) -> None:
        self._drill = drill

    def scenarios(self) -> tuple[str, ...]:
        return (self._drill.scenario,)

    def drill(self, scenario: str) -> Drill:
        del scenario
        return self._drill


def test_a_ledger_that_was_altered_is_no_evidence(tmp_path: Path) -> None:
    """A loss that is taken out of it would otherwise be none: no verdict, and never green."""
    path = _ledger(tmp_path)

    def seen() -> Result:
        entries, intact = read_ledger(path)
        there = ReadBack(tuple(payload(f"k-{number}") for number in range(39)), complete=True)
        drill = judge(entries, there, RestorationTerms(), scenario="s", fault="f", intact=intact)
        return _judged("recovery/no_acknowledged_write_lost", _One(drill))

    assert seen().status is Status.FAIL
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"k-39"' not in line))
    altered = seen()
    assert (altered.status, altered.reason) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK)
    assert "the drill's ledger is not intact" in altered.explanation
