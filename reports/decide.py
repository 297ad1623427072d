"""From results to a decision. Pure: no file, no clock; what is not certain is never green."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from checks.catalogue import Control
from checks.model import Check, Gate, Result, Status
from checks.policy import Policy
from reports.effective_status import Adjustments, not_run, violation_name, waivers_check
from reports.records import (
    CheckRecord,
    ControlRecord,
    Decision,
    GateRecord,
    SelfProof,
)
from reports.verdict import CLOCK_SKEW_LIMIT_MS, LOOKED, Floor, grounds_of, percent
from reports.waivers import Waiver, judge_waivers, record

__all__ = ["CLOCK_SKEW_LIMIT_MS", "Criteria", "RunPeriod", "decide", "violation_name"]

_VALUES = {Status.PASS: 1.0, Status.WAIVED: 0.5, Status.FAIL: 0.0, Status.UNKNOWN: 0.0}
# Worst first: false, then unknown, then what somebody answers for.
_ORDER = (Status.FAIL, Status.UNKNOWN, Status.WAIVED, Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True)
class Criteria:
    """What results are held against.

    Args:
        policy: weights, floor, required controls and gates, exemptions.
        catalogue: every check there is; one without a result is UNKNOWN.
        controls: what the ids of controls mean.
    """

    policy: Policy
    catalogue: Sequence[Check]
    controls: Mapping[str, Control]


@dataclass(frozen=True)
class RunPeriod:
    """When a run was.

    Args:
        started: UTC; older proofs do not count.
        today: date for waivers, UTC.
        clock_skew_ms: how far UTC and the monotonic clock drifted apart during the run, in ms.
        harness: `reports.harness.HarnessRecord.objections` to what judged.
    """

    started: datetime
    today: date
    clock_skew_ms: float = 0.0
    harness: tuple[str, ...] = ()


def decide(
    results: Iterable[Result],
    criteria: Criteria,
    *,
    proofs: Iterable[SelfProof],
    period: RunPeriod,
    waivers: Sequence[Waiver] = (),
) -> Decision:
    """Give every check of the catalogue the status that counts, and decide on the deployment.

    Args:
        results: one per check; where there are several, the worst counts.
        criteria: what they are held against.
        proofs: outcomes of the self-proof; a check that passes but is not proven able to fail is UNKNOWN.
        period: when the run was.
        waivers: those presented, in force or not.
    """
    policy, catalogue = criteria.policy, criteria.catalogue
    judged = judge_waivers(waivers, known={rule.id for rule in catalogue}, today=period.today)
    adjustments = Adjustments(
        exempts=policy.exempts,
        proofs=_by_check(proofs, period.started),
        waivers={waiver.check: waiver for waiver, finding in zip(waivers, judged, strict=True) if finding.ok},
        may_lack=policy.may_lack,
    )
    checks = _counted(results, catalogue, adjustments)
    if judged:
        checks.append(waivers_check(judged))
    gates = _gates(checks, policy)
    coverage = _coverage(checks, policy, criteria.controls)
    score = _score(checks, policy)
    grounds = grounds_of(
        checks,
        coverage,
        gates,
        floor=Floor(policy.name, percent(policy.floor), score),
        clock_skew_ms=period.clock_skew_ms,
        harness=period.harness,
    )
    return Decision(
        verdict=grounds.verdict,
        score=score or 0.0,
        floor=percent(policy.floor),
        gates=tuple(gates),
        conditions=grounds.conditions,
        rejections=grounds.rejections,
        checks=tuple(checks),
        controls=tuple(coverage),
        waivers=tuple(record(w, f) for w, f in zip(waivers, judged, strict=True)),
    )


def _by_check(proofs: Iterable[SelfProof], since: datetime) -> dict[str, list[SelfProof]]:
    shown: dict[str, list[SelfProof]] = defaultdict(list)
    for proof in proofs:
        if proof.at >= since:
            shown[proof.check].append(proof)
    return shown


def _counted(results: Iterable[Result], catalogue: Sequence[Check], adjustments: Adjustments) -> list[CheckRecord]:
    worst: dict[str, Result] = {}
    for result in sorted(results, key=lambda r: _ORDER.index(r.status)):
        worst.setdefault(result.check_id, result)
    known = [adjustments.apply(worst.get(rule.id, not_run(rule)), rule) for rule in catalogue]
    strangers = sorted(set(worst) - {rule.id for rule in catalogue})
    return known + [adjustments.apply(worst[name], None) for name in strangers]


def _gates(checks: Sequence[CheckRecord], policy: Policy) -> list[GateRecord]:
    present = {check.gate for check in checks}
    gates = []
    for gate in Gate:
        if gate not in policy.gates and gate not in present:
            continue
        own = [check for check in checks if check.gate is gate]
        counts = {status: sum(check.status is status for check in own) for status in Status}
        status = next((s for s in _ORDER if counts[s]), Status.UNKNOWN)
        score = _score(own, policy) if own else 0.0
        gates.append(GateRecord(gate=gate, status=status, score=score, counts=counts))
    return gates


def _score(checks: Sequence[CheckRecord], policy: Policy) -> float | None:
    """0..100; None where nothing applies. Cut, not rounded: only a perfect result says 100."""
    counted = [(policy.weights.get(c.severity, 1.0), _VALUES[c.status]) for c in checks if c.status in _VALUES]
    total = sum(weight for weight, _ in counted)
    return percent(sum(weight * value for weight, value in counted) / total) if total else None


def _coverage(checks: Sequence[CheckRecord], policy: Policy, controls: Mapping[str, Control]) -> list[ControlRecord]:
    cited = {control for check in checks for control in check.controls}
    coverage = []
    for identity in sorted(cited | set(policy.required_controls)):
        own = [check for check in checks if identity in check.controls]
        control = controls.get(identity)
        coverage.append(
            ControlRecord(
                id=identity,
                citation=control.citation if control else identity,
                title=control.title if control else "unknown control",
                required=identity in policy.required_controls,
                # What could not be examined is not covered, and neither is what the policy exempts.
                covered=any(check.status in LOOKED for check in own),
                status=next((s for s in _ORDER if any(check.status is s for check in own)), Status.UNKNOWN),
                checks=tuple(check.id for check in own),
                crosswalk=control.crosswalk if control else (),
            )
        )
    return coverage
