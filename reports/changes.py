"""What changed between two reports on one target, and whether anything is worse. Pure: no file, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.model import Severity, Status
from reports.document import ReportDocument
from reports.measured import MeasuredFigure, measured
from reports.observed import FactChange, fact_changes
from reports.records import CheckRecord, Verdict, WaiverRecord

# None is a check that a report does not have.
_BADNESS = {Status.PASS: 0, Status.NOT_APPLICABLE: 1, None: 1, Status.WAIVED: 2, Status.UNKNOWN: 3, Status.FAIL: 4}
_VERDICTS = (Verdict.APPROVED, Verdict.CONDITIONAL, Verdict.REJECTED)
_SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True)
class CheckChange:
    """A check whose status changed; None where a report does not have it. ``why`` is what the newer one says."""

    id: str
    severity: Severity
    old: Status | None
    new: Status | None
    why: str

    @property
    def worse(self) -> bool:
        """Less is known to hold than before; from a failure to UNKNOWN is not worse, and no better."""
        return _BADNESS[self.new] > _BADNESS[self.old]


@dataclass(frozen=True)
class FigureChange:
    """A figure of both reports, or of the older one only; ``new`` is None where it is not known any more."""

    figure: MeasuredFigure
    old: float | None
    new: float | None
    worse: bool


@dataclass(frozen=True)
class Changes:
    """Between an older report and a newer one.

    Args:
        target: the target has other parts or versions than before (another digest under the same name).
        policy: it was judged by another policy.
        facts: what could be seen of the target and is not what it was; that alone is neither worse nor better.
        waivers: those in force that the older report does not have as they are.
        ended: those that were in force, and are not any more as they were.
    """

    decision: tuple[Verdict, Verdict]
    score: tuple[float, float]
    checks: tuple[CheckChange, ...]
    waivers: tuple[WaiverRecord, ...]
    ended: tuple[WaiverRecord, ...]
    figures: tuple[FigureChange, ...]
    target: bool
    policy: bool
    facts: tuple[FactChange, ...] = ()

    @property
    def decision_worse(self) -> bool:
        """Less was approved than before."""
        before, after = map(_VERDICTS.index, self.decision)
        return after > before

    @property
    def worse(self) -> bool:
        """Anything is worse: the decision, the score, a check, or a figure by more than was tolerated."""
        return (
            self.decision_worse
            or self.score[1] < self.score[0]
            or any(change.worse for change in self.checks)
            or any(change.worse for change in self.figures)
        )


def incomparable(old: ReportDocument, new: ReportDocument) -> str:
    """Why two reports say nothing of each other, in one sentence; empty where they do."""
    systems = {old.identity.system_id, new.identity.system_id}
    if "" not in systems and len(systems) > 1:
        return f"The one is about the system {old.identity.system_id}, the other about {new.identity.system_id}."
    if old.identity.name != new.identity.name and ("" in systems or len(systems) > 1):
        return f"The one is about {old.identity.name}, the other about {new.identity.name}."
    if old.identity.kind != new.identity.kind:
        return f"The one is a {old.identity.kind}, the other a {new.identity.kind}."
    return ""


def changes(old: ReportDocument, new: ReportDocument, *, tolerance: float) -> Changes:
    """What changed.

    Args:
        tolerance: share by which a time may grow before it is worse; for epsilon, none may.
    """
    before = {_key(waiver) for waiver in old.waivers if waiver.in_force}
    after = {_key(waiver) for waiver in new.waivers if waiver.in_force}
    found = sorted(
        _checks(old, new),
        key=lambda c: (not c.worse, -_BADNESS[c.new], _SEVERITIES.index(c.severity), c.id),
    )
    return Changes(
        decision=(old.decision, new.decision),
        score=(old.score, new.score),
        checks=tuple(found),
        waivers=tuple(w for w in new.waivers if w.in_force and _key(w) not in before),
        ended=tuple(w for w in old.waivers if w.in_force and _key(w) not in after),
        figures=tuple(_figures(old, new, tolerance)),
        target=old.identity.digest != new.identity.digest,
        policy=old.identity.policy_digest != new.identity.policy_digest,
        facts=fact_changes(old.identity.observed, new.identity.observed),
    )


def _key(waiver: WaiverRecord) -> tuple[str, str, str, str]:
    return (waiver.check, waiver.owner, waiver.justification, str(waiver.expires))


def _checks(old: ReportDocument, new: ReportDocument) -> Iterator[CheckChange]:
    before, after = ({check.id: check for check in document.checks} for document in (old, new))
    for identity in sorted(before | after):
        was, now = before.get(identity), after.get(identity)
        known = now or was
        if known is None or (was and was.status) == (now and now.status):
            continue
        why = _why(now) if now else "The newer report does not have this check."
        yield CheckChange(identity, known.severity, was.status if was else None, now.status if now else None, why)


def _why(check: CheckRecord) -> str:
    broken = check.broken[0] if check.broken else None
    return f"{broken.subject}: {broken.message}" if broken else check.explanation


def _figures(old: ReportDocument, new: ReportDocument, tolerance: float) -> Iterator[FigureChange]:
    after = {(figure.kind, figure.of): figure.value for figure in measured(new)}
    for figure in measured(old):
        now = after.get((figure.kind, figure.of))
        if figure.value is None and now is None:
            continue
        yield FigureChange(figure, figure.value, now, _worse(figure, now, tolerance))


def _worse(figure: MeasuredFigure, now: float | None, tolerance: float) -> bool:
    if now is None or figure.value is None:
        return now is None
    return now > figure.value * (1 + (tolerance if figure.unit else 0.0))
