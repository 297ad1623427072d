"""Figures of a recovery drill as a report keeps them."""

from __future__ import annotations

from pydantic import FiniteFloat

from checks.targets import Continuity, Drill
from reports.figures import finite
from reports.records import Record
from reports.redaction import printable


class DrillRecord(Record):
    """A recovery drill, in seconds of the harness's monotonic clock; None where service did not come back.

    ``writes``, ``reads``, ``gap_s`` and ``redundancy`` are what was promised (`checks.targets.RecoveryPromise`).
    """

    scenario: str
    fault: str
    resolution_s: FiniteFloat | None
    rto_s: FiniteFloat | None
    read_rto_s: FiniteFloat | None
    longest_gap_s: FiniteFloat | None
    redundancy_s: FiniteFloat | None
    acknowledged: int
    lost: int
    lost_span_s: FiniteFloat | None
    corrupt: int
    duplicate: int
    failed_yet_present: int
    complete_read: bool
    two_primaries_seen: bool
    ledger_intact: bool
    writes: Continuity = Continuity.RETURN
    reads: Continuity = Continuity.RETURN
    gap_s: FiniteFloat | None = None
    redundancy: bool = True
    healed_rto_s: FiniteFloat | None = None
    healed_read_rto_s: FiniteFloat | None = None
    longest_read_gap_s: FiniteFloat | None = None
    lock_lost_s: FiniteFloat | None = None
    elected_s: FiniteFloat | None = None
    taken_over_s: FiniteFloat | None = None
    reads_while_broken: int = 0
    answered_while_broken: int = 0
    took_over: tuple[str, ...] = ()
    unhalted_s: FiniteFloat | None = None

    @classmethod
    def of(cls, drill: Drill) -> DrillRecord:
        """Keep the figures, and of the keys only their number."""
        return cls(
            scenario=drill.scenario,
            fault=printable(drill.fault),
            resolution_s=finite(drill.resolution_s),
            rto_s=finite(drill.rto_s),
            read_rto_s=finite(drill.read_rto_s),
            longest_gap_s=finite(drill.longest_gap_s),
            redundancy_s=finite(drill.redundancy_s),
            acknowledged=drill.acknowledged,
            lost=len(drill.lost),
            lost_span_s=finite(drill.lost_span_s),
            corrupt=len(drill.corrupt),
            duplicate=len(drill.duplicate),
            failed_yet_present=len(drill.failed_yet_present),
            complete_read=drill.complete_read,
            two_primaries_seen=drill.two_primaries_seen,
            ledger_intact=drill.ledger_intact,
            writes=drill.promise.writes,
            reads=drill.promise.reads,
            gap_s=finite(drill.promise.gap_s),
            redundancy=drill.promise.redundancy,
            healed_rto_s=finite(drill.healed_rto_s),
            healed_read_rto_s=finite(drill.healed_read_rto_s),
            longest_read_gap_s=finite(drill.longest_read_gap_s),
            lock_lost_s=finite(drill.lock_lost_s),
            elected_s=finite(drill.elected_s),
            taken_over_s=finite(drill.taken_over_s),
            reads_while_broken=drill.reads_while_broken,
            answered_while_broken=drill.answered_while_broken,
            unhalted_s=finite(drill.unhalted_s),
            took_over=tuple(printable(node) for node in drill.took_over),
        )
