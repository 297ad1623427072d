"""Load and privacy figures as a report keeps them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field, FiniteFloat

from checks.targets import Effect, Latencies, Load, PrivacyClaim, Sent, Spending, Written
from reports.records import Record
from reports.redaction import printable


def finite(value: float | None) -> float | None:
    """The number; None for infinity and for what is no number, which JSON cannot say."""
    return value if value is not None and math.isfinite(value) else None


class SentRecord(Record):
    """So many of a kind (requests, statements, log-ins...) that were sent to one address in order to look at it."""

    target: str
    unit: str
    effect: Effect
    count: int

    @classmethod
    def of(cls, sent: Sent) -> SentRecord:
        """The same figures."""
        return cls(target=printable(sent.target), unit=sent.unit, effect=sent.effect, count=sent.count)


class LatencyRecord(Record):
    """Latency of one kind of request in ms, from the intended start; with a colon, of a time inside requests.

    ``good`` of the requests were answered rightly and kept every objective of the load.
    """

    kind: str
    requests: int
    errors: dict[str, int]
    good: int = 0
    p50_ms: FiniteFloat
    p95_ms: FiniteFloat
    p99_ms: FiniteFloat
    worst_ms: FiniteFloat

    @classmethod
    def of(cls, latencies: Latencies) -> LatencyRecord:
        """The percentiles of a histogram."""
        return cls(
            kind=latencies.kind,
            requests=latencies.total,
            errors=_causes(latencies.errors),
            good=latencies.good,
            p50_ms=latencies.percentile(0.5),
            p95_ms=latencies.percentile(0.95),
            p99_ms=latencies.percentile(0.99),
            worst_ms=latencies.percentile(1.0),
        )


class ObjectiveRecord(Record):
    """What a good request had to keep, in ms; None asks for nothing."""

    total_ms: FiniteFloat | None = None
    first_token_ms: FiniteFloat | None = None
    per_token_ms: FiniteFloat | None = None


class MarkRecord(Record):
    """What happened during a load, in s from the opening of its window."""

    at_s: FiniteFloat
    what: str


class GeneratorRecord(Record):
    """A process that sent load: its requests, and its CPU share (1.0 is one full core)."""

    name: str
    requests: int
    cpu: FiniteFloat


class WrittenRecord(Record):
    """What became of the records that a load wrote; the other numbers say nothing when it is not ``complete``."""

    acknowledged: int
    lost: int
    duplicated: int
    refused_yet_present: int
    complete: bool

    @classmethod
    def of(cls, written: Written) -> WrittenRecord:
        """The same figures."""
        return cls.model_validate(written, from_attributes=True)


class AcceleratorRecord(Record):
    """A GPU during a load: highest share of its memory in use, mean share of the time that it was busy."""

    name: str
    memory: FiniteFloat
    utilisation: FiniteFloat


class LoadRecord(Record):
    """A load: users, seconds, arrivals, and the busiest generator process's CPU share (1.0 is one full core).

    Args:
        kinds: requests, and times inside them.
        requests: how many there were, ``failed`` and ``good`` of them.
        errors: failed requests by cause.
        availability: share of the requests that did not fail; None without a request, as the other shares.
        error_budget: share of the requests that may fail; None where nobody said.
        burn_rate: share that failed over the error budget; at 1 a month's budget lasts a month (Google, The Site
            Reliability Workbook, chapter 5). None too without a budget.
        goodput: share of the requests that were good; None too where the load had no objectives.
        left_out: kinds that the profile asks for and the description of the application leaves out.
        schedule: the whole profile that was played, as canonical JSON; ``schedule_digest`` is its SHA-256, and
            ``rate`` what all users together meant to send, in requests/s. Empty in a report of before it was kept.
    """

    profile: str
    users: int
    seconds: FiniteFloat
    arrival: str
    seed: int
    kinds: tuple[LatencyRecord, ...]
    generator_cpu: FiniteFloat
    complete: bool
    problem: str
    requests: int = 0
    failed: int = 0
    good: int = 0
    errors: dict[str, int] = Field(default_factory=dict)
    availability: FiniteFloat | None = None
    error_budget: FiniteFloat | None = None
    burn_rate: FiniteFloat | None = None
    goodput: FiniteFloat | None = None
    objectives: dict[str, ObjectiveRecord] = Field(default_factory=dict)
    marks: tuple[MarkRecord, ...] = ()
    generators: tuple[GeneratorRecord, ...] = ()
    written: WrittenRecord | None = None
    accelerators: tuple[AcceleratorRecord, ...] = ()
    left_out: tuple[str, ...] = ()
    schedule: str = ""
    schedule_digest: str = ""
    rate: FiniteFloat | None = None

    @classmethod
    def of(cls, load: Load, error_budget: float | None = None) -> LoadRecord:
        """The figures of a recorded load.

        Args:
            error_budget: share of the requests that may fail: 1 - the promised availability.
        """
        whole = Latencies.merged("", (kind for kind in load.kinds if ":" not in kind.kind))
        share = whole.failed / whole.total if whole.total else None
        return cls(
            profile=load.profile,
            users=load.users,
            seconds=load.seconds,
            arrival=load.arrival,
            seed=load.seed,
            kinds=tuple(LatencyRecord.of(k) for k in load.kinds),
            generator_cpu=load.generator_cpu,
            complete=load.complete,
            problem=printable(load.problem),
            requests=whole.total,
            failed=whole.failed,
            good=whole.good,
            errors=_causes(whole.errors),
            availability=None if share is None else 1 - share,
            error_budget=error_budget,
            burn_rate=share / error_budget if share is not None and error_budget else None,
            goodput=whole.good / whole.total if whole.total and load.objectives else None,
            objectives={
                head: ObjectiveRecord.model_validate(asked, from_attributes=True)
                for head, asked in load.objectives.items()
            },
            marks=tuple(MarkRecord(at_s=mark.at_s, what=printable(mark.what)) for mark in load.marks),
            generators=tuple(
                GeneratorRecord(name=printable(each.name), requests=each.requests, cpu=each.cpu)
                for each in load.generators
            ),
            written=WrittenRecord.of(load.written) if load.written else None,
            left_out=load.left_out,
            schedule=load.schedule.text if load.schedule else "",
            schedule_digest=load.schedule.digest if load.schedule else "",
            rate=load.schedule.rate if load.schedule else None,
            accelerators=tuple(
                AcceleratorRecord(name=printable(each.name), memory=each.memory, utilisation=each.utilisation)
                for each in load.accelerators
            ),
        )


def _causes(errors: Mapping[str, int]) -> dict[str, int]:
    return {printable(cause): count for cause, count in sorted(errors.items())}


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
            source=printable(claim.source),
            mechanism=claim.mechanism,
            epsilon=claim.epsilon,
            delta=claim.delta,
            budget=claim.budget,
            noise_multiplier=claim.noise_multiplier,
            minimum_participants=claim.minimum_participants,
            adjacency=claim.adjacency,
            asked=spending.asked if spending else 0,
            granted=spending.granted if spending else 0,
            epsilon_spent=finite(spending.epsilon_spent) if spending else None,
            epsilon_reported=finite(spending.epsilon_reported) if spending else None,
        )
