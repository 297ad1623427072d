"""What was measured, beside what the policy allows: the figures that a board asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.policy import Policy
from reports.document import ReportDocument

_SCALE = 1.25  # the bar ends beyond its limit, so that a measure over the limit is seen to be over it
_WIDTH = 160


@dataclass(frozen=True)
class Measure:
    """A figure and its limit, both in ``unit``; ``value`` is None where it could not be measured.

    ``limit`` is the most that is allowed.
    """

    name: str
    value: float | None
    limit: float
    unit: str

    @property
    def holds(self) -> bool:
        """Whether it is known, and within its limit."""
        return self.value is not None and self.value <= self.limit

    @property
    def shown(self) -> str:
        """E.g. ``22.1 s of at most 60 s``."""
        value = "not known" if self.value is None else f"{self.value:.4g} {self.unit}".rstrip()
        return f"{value} of at most {self.limit:.6g} {self.unit}".rstrip()

    @property
    def bar(self) -> float:
        """Length of its bar, of `width`."""
        if self.value is None:
            return 0.0
        top = self.limit * _SCALE or 1.0
        return round(min(self.value / top, 1.0) * _WIDTH, 1)

    @property
    def tick(self) -> float:
        """Where the limit stands on the bar."""
        return round(_WIDTH / _SCALE, 1) if self.limit else 0.0

    @property
    def width(self) -> int:
        """Of the whole picture."""
        return _WIDTH


def measures(document: ReportDocument, policy: Policy) -> tuple[Measure, ...]:
    """Recovery, load and privacy; nothing of what was not tried."""
    return (*_recovery(document, policy), *_load(document, policy), *_privacy(document, policy))


def _recovery(document: ReportDocument, policy: Policy) -> Iterator[Measure]:
    """Where writes may wait until the fault is healed, the time runs from then on."""
    for drill in document.drills:
        what = drill.scenario.replace("_", " ").replace("-", " ")
        waits = drill.writes.until_healed
        seconds = drill.healed_rto_s if waits else drill.rto_s
        name = f"RTO after the heal, {what}" if waits else f"RTO, {what}"
        yield Measure(name, seconds, policy.recovery.rto_s, "s")
        lost = drill.lost_span_s if drill.complete_read else None
        yield Measure(f"RPO, {what}", lost, policy.recovery.rpo_s, "s")


def _load(document: ReportDocument, policy: Policy) -> Iterator[Measure]:
    """Of every load but one with a spike, whose latencies are promised for after it; the slowest of each head."""
    limits = policy.performance
    asked = (
        ("inference", "", "inference, p95", limits.inference_p95_ms),
        ("inference", "first_token", "first token, p95", limits.first_token_p95_ms),
        ("patient", "", "patient record, p95", limits.patient_p95_ms),
    )
    for load in document.load:
        if any("spike" in mark.what for mark in load.marks):
            continue
        for head, part, name, limit in asked:
            found = [k.p95_ms for k in load.kinds if (k.kind.split(".")[0], k.kind.partition(":")[2]) == (head, part)]
            if found:
                yield Measure(f"{name} ({load.users} users)", max(found), limit, "ms")
        if load.availability is not None:
            failed = (1 - load.availability) * 100
            yield Measure(f"requests that failed ({load.users} users)", failed, limits.error_rate * 100, "%")


def _privacy(document: ReportDocument, policy: Policy) -> Iterator[Measure]:
    if document.privacy:
        worst = max(record.epsilon for record in document.privacy)
        yield Measure("epsilon of one query", worst, policy.privacy.epsilon, "")
    spent = [record.epsilon_spent for record in document.privacy if record.epsilon_spent is not None]
    if spent:
        yield Measure("epsilon spent by one user", max(spent), policy.privacy.budget, "")
