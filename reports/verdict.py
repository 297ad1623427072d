"""What follows from records alone: the verdict, and the grounds for it. Whoever verifies a report draws it again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from checks.model import Severity, Status
from reports.records import CheckRecord, ControlRecord, DecisionCause, DecisionGround, GateRecord, Verdict

CLOCK_SKEW_LIMIT_MS = 50.0
LOOKED = (Status.PASS, Status.FAIL, Status.WAIVED)

_NOT_GREEN = (Status.FAIL, Status.UNKNOWN, Status.WAIVED)
_COUNTED = (*_NOT_GREEN, Status.PASS)


@dataclass(frozen=True)
class Floor:
    """The least score (0..100) that a policy demands, and the score; None where nothing was examined."""

    policy: str
    least: float
    score: float | None


@dataclass(frozen=True)
class Grounds:
    """A verdict, why it is no approval, and what has to be met or answered for."""

    verdict: Verdict
    rejections: tuple[DecisionGround, ...]
    conditions: tuple[DecisionGround, ...]


def grounds_of(
    checks: Sequence[CheckRecord],
    coverage: Sequence[ControlRecord],
    gates: Sequence[GateRecord],
    *,
    floor: Floor,
    clock_skew_ms: float,
    harness: Sequence[str] = (),
) -> Grounds:
    """A critical FAIL or UNKNOWN rejects, and so does what nothing covers, a score below the floor, or a clock that was
    set; what else is not green is a condition, and so is each of ``harness``, why what judged is not to be relied on.
    """
    rejections = (
        *(_ground(check) for check in checks if _critical(check)),
        *_uncovered(coverage),
        *_empty(checks, gates),
        *_clock(clock_skew_ms),
        *_floor(floor),
    )
    conditions = (
        *(_ground(check) for check in checks if check.status in _NOT_GREEN and not _critical(check)),
        *_harness(harness),
    )
    if rejections:
        return Grounds(Verdict.REJECTED, rejections, conditions)
    return Grounds(Verdict.CONDITIONAL if conditions else Verdict.APPROVED, rejections, conditions)


def percent(share: float) -> float:
    """A share in percent, as scores and floors are told: cut to one digit, so that only all is 100."""
    return math.floor(share * 1000 + 1e-9) / 10


def _critical(check: CheckRecord) -> bool:
    return check.severity is Severity.CRITICAL and check.status in (Status.FAIL, Status.UNKNOWN)


def _ground(check: CheckRecord) -> DecisionGround:
    message = {
        Status.FAIL: "; ".join(f"{f.subject}: {f.message}" for f in check.broken[:1]) or "it failed",
        Status.UNKNOWN: f"{check.reason or 'unknown'}: {check.explanation}",
    }.get(check.status, check.explanation)
    more = len(check.broken) - 1
    if check.status is Status.FAIL and more > 0:
        message += f" (and {more} more)"
    causes = {
        (Status.FAIL, True): DecisionCause.CRITICAL_FAIL,
        (Status.UNKNOWN, True): DecisionCause.CRITICAL_UNKNOWN,
        (Status.FAIL, False): DecisionCause.FAILED,
        (Status.UNKNOWN, False): DecisionCause.UNKNOWN,
    }
    cause = causes.get((check.status, _critical(check)), DecisionCause.WAIVED)
    return DecisionGround(cause=cause, subject=check.id, message=message)


def _uncovered(coverage: Sequence[ControlRecord]) -> list[DecisionGround]:
    grounds = []
    for control in coverage:
        if control.required and not control.covered:
            none = f"none of {', '.join(control.checks)} could examine it"
            message = f"{control.citation} ({control.title}): {none if control.checks else 'no check covers it'}"
            grounds.append(DecisionGround(cause=DecisionCause.NOT_COVERED, subject=control.id, message=message))
    return grounds


def _empty(checks: Sequence[CheckRecord], gates: Sequence[GateRecord]) -> list[DecisionGround]:
    if not any(check.status in _COUNTED for check in checks):
        return [DecisionGround(cause=DecisionCause.NO_RESULT, subject="all gates", message="Nothing was examined.")]
    message = "The policy demands it, and no check belongs to it."
    return [
        DecisionGround(cause=DecisionCause.NO_RESULT, subject=f"gate {gate.gate}", message=message)
        for gate in gates
        if not any(gate.counts.values())
    ]


def _clock(skew_ms: float) -> list[DecisionGround]:
    if abs(skew_ms) <= CLOCK_SKEW_LIMIT_MS:
        return []
    message = (
        f"UTC and the monotonic clock drifted {skew_ms:.0f} ms apart (limit {CLOCK_SKEW_LIMIT_MS:.0f} ms), so no time "
        "measured in this run can be trusted; run again on a machine whose clock is not being set."
    )
    return [DecisionGround(cause=DecisionCause.CLOCKS_DISAGREE, subject="clock", message=message)]


def _harness(objections: Sequence[str]) -> list[DecisionGround]:
    if not objections:
        return []
    message = (
        f"{'; '.join(objections)}. Judge from a clean checkout, or with --any-harness, which the report then says."
    )
    return [DecisionGround(cause=DecisionCause.HARNESS, subject="harness", message=message)]


def _floor(floor: Floor) -> list[DecisionGround]:
    if floor.score is None or floor.score >= floor.least:
        return []
    message = f"The score is {floor.score:.1f}, and the policy {floor.policy} demands at least {floor.least:.1f}."
    return [DecisionGround(cause=DecisionCause.BELOW_FLOOR, subject="score", message=message)]
