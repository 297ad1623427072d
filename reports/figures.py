"""Drill, load and privacy figures as a report keeps them."""

from __future__ import annotations

import math

from pydantic import FiniteFloat

from checks.targets import Drill, Latencies, Load, PrivacyClaim, Spending
from reports.records import Record
from reports.redaction import printable


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


class DrillRecord(Record):
    """A recovery drill, in seconds of the harness's monotonic clock; None where service did not come back."""

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

    @classmethod
    def of(cls, drill: Drill) -> DrillRecord:
        """Keep the figures, and of the keys only their number."""
        return cls(
            scenario=drill.scenario, fault=printable(drill.fault), resolution_s=_finite(drill.resolution_s),
            rto_s=_finite(drill.rto_s), read_rto_s=_finite(drill.read_rto_s),
            longest_gap_s=_finite(drill.longest_gap_s), redundancy_s=_finite(drill.redundancy_s),
            acknowledged=drill.acknowledged, lost=len(drill.lost), lost_span_s=_finite(drill.lost_span_s),
            corrupt=len(drill.corrupt), duplicate=len(drill.duplicate),
            failed_yet_present=len(drill.failed_yet_present), complete_read=drill.complete_read,
            two_primaries_seen=drill.two_primaries_seen, ledger_intact=drill.ledger_intact,
        )  # fmt: skip


class LatencyRecord(Record):
    """Latency of one kind of request in ms, from the intended start."""

    kind: str
    requests: int
    errors: dict[str, int]
    p50_ms: FiniteFloat
    p95_ms: FiniteFloat
    p99_ms: FiniteFloat
    worst_ms: FiniteFloat

    @classmethod
    def of(cls, latencies: Latencies) -> LatencyRecord:
        """The percentiles of a histogram."""
        return cls(
            kind=latencies.kind, requests=latencies.total,
            errors={printable(cause): count for cause, count in sorted(latencies.errors.items())},
            p50_ms=latencies.percentile(0.5), p95_ms=latencies.percentile(0.95), p99_ms=latencies.percentile(0.99),
            worst_ms=latencies.percentile(1.0),
        )  # fmt: skip


class LoadRecord(Record):
    """A load: users, seconds, arrivals, and the generator's own CPU share (1.0 is one full core)."""

    profile: str
    users: int
    seconds: FiniteFloat
    arrival: str
    seed: int
    kinds: tuple[LatencyRecord, ...]
    generator_cpu: FiniteFloat
    complete: bool
    problem: str

    @classmethod
    def of(cls, load: Load) -> LoadRecord:
        """The figures of a recorded load."""
        return cls(
            profile=load.profile, users=load.users, seconds=load.seconds, arrival=load.arrival, seed=load.seed,
            kinds=tuple(LatencyRecord.of(k) for k in load.kinds), generator_cpu=load.generator_cpu,
            complete=load.complete, problem=printable(load.problem),
        )  # fmt: skip


class PrivacyRecord(Record):
    """What a mechanism claims per query, and, where it was driven, what its accountant let through."""

    source: str
    mechanism: str
    epsilon: FiniteFloat
    delta: FiniteFloat
    budget: FiniteFloat | None
    noise_multiplier: FiniteFloat
    minimum_participants: int | None
    adjacency: str = "add-remove"
    asked: int = 0
    granted: int = 0
    epsilon_spent: FiniteFloat | None = None
    epsilon_reported: FiniteFloat | None = None

    @classmethod
    def of(cls, claim: PrivacyClaim, spending: Spending | None = None) -> PrivacyRecord:
        """The claim, with the outcome of spending against it."""
        return cls(
            source=printable(claim.source), mechanism=claim.mechanism, epsilon=claim.epsilon, delta=claim.delta,
            budget=claim.budget, noise_multiplier=claim.noise_multiplier,
            minimum_participants=claim.minimum_participants, adjacency=claim.adjacency,
            asked=spending.asked if spending else 0, granted=spending.granted if spending else 0,
            epsilon_spent=_finite(spending.epsilon_spent) if spending else None,
            epsilon_reported=_finite(spending.epsilon_reported) if spending else None,
        )  # fmt: skip
