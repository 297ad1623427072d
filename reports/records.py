"""The parts of a report, as they are written to results.json: one frozen model each."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, field_validator

from checks.model import Finding, Gate, Reason, Severity, Status, plain
from checks.targets import ObservedFact
from reports.redaction import printable

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seconds = FiniteFloat


class Record(BaseModel):
    """A model that nothing can change or extend; its texts, wherever they came from, are as `plain` gives them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _plain(cls, value: object) -> object:
        return _plain_within(value)


def _plain_within(value: object) -> object:
    if type(value) is str:
        return plain(value)
    if type(value) is tuple:
        return tuple(map(_plain_within, value))
    if type(value) is dict:
        return {_plain_within(key): _plain_within(inner) for key, inner in value.items()}
    return value


class Verdict(StrEnum):
    """The decision on a deployment."""

    APPROVED = "APPROVED"
    CONDITIONAL = "CONDITIONAL"
    REJECTED = "REJECTED"


class DecisionCause(StrEnum):
    """Why a deployment is rejected, or approved only under a condition."""

    CRITICAL_FAIL = "a critical check failed"
    CRITICAL_UNKNOWN = "a critical check is unknown"
    NOT_COVERED = "a required control is not covered"
    NO_RESULT = "there is no result"
    BELOW_FLOOR = "the score is below the policy's floor"
    CLOCKS_DISAGREE = "the clocks disagree"
    HARNESS = "what judged is not what was committed"
    FAILED = "a check failed"
    UNKNOWN = "a check is unknown"
    WAIVED = "a check is waived"


class DecisionGround(Record):
    """One reason for a decision: its kind, the check, control or gate that it is about, and one sentence."""

    cause: DecisionCause
    subject: str
    message: str


class FindingRecord(Record):
    """A finding as it is kept: redacted."""

    subject: str
    ok: bool
    message: str
    remedy: str = ""
    evidence: str = ""

    @classmethod
    def of(cls, finding: Finding) -> FindingRecord:
        """Redact and keep."""
        return cls(
            subject=printable(finding.subject),
            ok=finding.ok,
            message=printable(finding.message),
            remedy=printable(finding.remedy),
            evidence=printable(finding.evidence),
        )


class SelfProof(Record):
    """What one check said of one violation, and of its clean twin.

    Args:
        check: id of the check.
        violation: `violation_name` of the violation.
        status: what the check said of the broken target; only FAIL proves anything.
        reason: what it said, in one sentence.
        at: when, UTC.
        on: the target that was broken, e.g. ``nginx 127.4.1.9:8443``.
        clean_status: what the check said of the clean twin; must be PASS.
        clean_reason: in one sentence, when it was not PASS.
    """

    check: str
    violation: str
    status: Status
    reason: str = ""
    at: AwareDatetime
    on: str
    clean_status: Status
    clean_reason: str = ""

    @property
    def proven(self) -> bool:
        """The check told the broken target from the clean one."""
        return self.status is Status.FAIL and self.clean_status is Status.PASS

    def redacted(self) -> SelfProof:
        """Without secrets that a message of the check, or of a crash, may hold."""
        return self.model_copy(
            update={
                "reason": printable(self.reason),
                "clean_reason": printable(self.clean_reason),
                "on": printable(self.on),
            }
        )


class CheckRecord(Record):
    """One check with the status that counts. ``proof`` says in one sentence how it was proven to fail, or why not."""

    id: str
    claim: str
    gate: Gate
    severity: Severity
    controls: tuple[str, ...]
    status: Status
    reason: Reason | None = None
    explanation: str = ""
    proven: bool
    proof: str
    target: str = ""
    duration_s: Seconds = 0.0
    findings: tuple[FindingRecord, ...] = ()

    @property
    def broken(self) -> tuple[FindingRecord, ...]:
        """The findings that are not ok."""
        return tuple(f for f in self.findings if not f.ok)


class GateRecord(Record):
    """One gate. ``score`` is 0..100, None where nothing applies; ``counts`` has every status."""

    gate: Gate
    status: Status
    score: FiniteFloat | None
    counts: dict[Status, int]


class ControlRecord(Record):
    """One requirement and the checks that cite it. ``status`` is the worst of them, UNKNOWN where there is none."""

    id: str
    citation: str
    title: str
    required: bool
    covered: bool
    status: Status
    checks: tuple[str, ...]
    crosswalk: tuple[str, ...] = ()


class WaiverRecord(Record):
    """A waiver that was presented, and what became of it."""

    check: str
    owner: str
    justification: str
    expires: date | None
    in_force: bool
    message: str


class Decision(Record):
    """What was decided, on what grounds. ``score`` and ``floor`` are 0..100."""

    verdict: Verdict
    score: FiniteFloat
    floor: FiniteFloat
    gates: tuple[GateRecord, ...]
    conditions: tuple[DecisionGround, ...]
    rejections: tuple[DecisionGround, ...]
    checks: tuple[CheckRecord, ...]
    controls: tuple[ControlRecord, ...]
    waivers: tuple[WaiverRecord, ...] = ()


SignerKind = Literal["machine key", "key file", "PKCS#11 token", "command"]
RunKind = Literal["gate", "drill"]


class ObservedRecord(Record):
    """One fact of one part; ``unseen`` says why there is no value."""

    part: str
    name: str
    value: str = ""
    unseen: str = ""

    @classmethod
    def of(cls, fact: ObservedFact) -> ObservedRecord:
        """Redact and keep."""
        return cls(
            part=printable(fact.part),
            name=printable(fact.name),
            value=printable(fact.value),
            unseen=printable(fact.unseen),
        )

    @property
    def shown(self) -> str:
        """The value for people, digests shortened."""
        if self.unseen:
            return f"not seen: {self.unseen}"
        head, digest, rest = self.value.partition("sha256:")
        return f"{head}{digest}{rest[:12]}" if digest and len(rest) == 64 else self.value


class Identity(Record):
    """What was gated, by what, when. ``digest`` is `document.target_digest` of the target: equal for equal targets.

    Args:
        kind: of the run: a gate looks at everything, a drill at backups and recovery.
        name: the target's name, e.g. ``reference stack``.
        system_id: by which the target file names the system for good; empty where it does not.
        clock_skew_ms: how far UTC and the monotonic clock drifted apart between start and end, in ms.
        observed: what could be seen of the target, by part and name.
        git_commit: 40 hex digits, with ``+dirty`` when the working tree differed; empty when there is none.
    """

    kind: RunKind
    name: str
    system_id: str = ""
    digest: Digest
    run_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    harness_version: str
    git_commit: str = ""
    policy: str
    policy_digest: Digest
    started: AwareDatetime
    ended: AwareDatetime
    clock_skew_ms: FiniteFloat
    observed: tuple[ObservedRecord, ...] = ()

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return (self.ended - self.started).total_seconds()


class EarlierRun(Record):
    """A run on the same target that the reports of a folder do not answer for.

    Args:
        at: when it was entered, UTC.
        decision: of its report, which was published in another folder; None of a run that was aborted.
    """

    run_id: str
    at: AwareDatetime
    decision: Verdict | None


class OwnFile(Record):
    """A file of the user's own that took part in the judgement, beside clinical-gate itself.

    Args:
        part: ``checks``, the folder of checks; ``adapter``, what stands where the target file cannot say it.
        path: from that folder, or from the adapter's.
    """

    part: Literal["checks", "adapter"]
    path: str
    digest: Digest


def utc(moment: datetime) -> str:
    """For people: ``2026-11-21 01:45:38 UTC``."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
