"""The vocabulary of a verdict: a check looks through targets and yields findings, findings make a result.

Nothing here does I/O, reads a clock or the environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

# What XML 1.0 cannot hold, what a terminal obeys, and what changes the order in which a line is read.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """A text from elsewhere as it may be printed: U+FFFD for each control character but tab and line feed."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


class Status(StrEnum):
    """What a check says about a deployment. Only PASS is green."""

    PASS = "PASS"  # noqa: S105  a verdict
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    WAIVED = "WAIVED"


class Gate(StrEnum):
    """The seven gates that the sign-off board reads."""

    SECURITY = "security"
    PRIVACY = "privacy"
    COMPLIANCE = "compliance"
    PERFORMANCE = "performance"
    RECOVERY = "recovery"
    OPERATIONS = "operations"
    FEDERATION = "federation"


class Severity(StrEnum):
    """How much a failure matters. A critical FAIL or UNKNOWN rejects the deployment whatever the score."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Reason(StrEnum):
    """Why a result is UNKNOWN."""

    COULD_NOT_LOOK = "could not look"
    CRASHED = "crashed"
    EXAMINED_NOTHING = "examined nothing"
    TOO_FEW_SAMPLES = "too few samples"
    NOT_DECLARED = "target not declared"
    NOT_RUN = "not run"
    NOT_PROVEN = "not proven able to fail"


# Parts that are no parts: what is not done to a deployment that serves patients.
HARMS = ("writes", "lockout", "load", "faults")


class CannotLookError(Exception):
    """A target could not be examined: this makes the check UNKNOWN, never green and never a failure.

    Args:
        message: one sentence on what was missing or went wrong.
        reason: the typed reason kept in the result.
    """

    def __init__(self, message: str, reason: Reason = Reason.COULD_NOT_LOOK) -> None:
        super().__init__(message)
        self.reason = reason


class NotDeclaredError(CannotLookError):
    """The description of the deployment leaves out what the check needs.

    Args:
        message: which lines would let the check look.
        part: what is left out, in one word of the description; a deployment that has no such thing says so there.
    """

    def __init__(self, message: str, part: str) -> None:
        super().__init__(message, Reason.NOT_DECLARED)
        self.part = part


@dataclass(frozen=True)
class Finding:
    """One thing that was examined.

    Args:
        subject: what was examined, e.g. ``edge 10.1.2.3:443 TLSv1.1``.
        ok: whether it holds.
        message: what was seen, in one sentence. Redacted: no token, password, key or PHI.
        remedy: what to do when it does not hold; required when ``ok`` is false.
        evidence: the raw observation, redacted, for the auditor (plain text or JSON text).

    Texts are kept as `plain` gives them.
    """

    subject: str
    ok: bool
    message: str
    remedy: str = ""
    evidence: str = ""

    def __post_init__(self) -> None:
        if not self.ok and not self.remedy:
            msg = f"a finding that is not ok needs a remedy: {self.subject}"
            raise ValueError(msg)
        for name in ("subject", "message", "remedy", "evidence"):
            object.__setattr__(self, name, plain(getattr(self, name)))


@dataclass(frozen=True)
class Result:
    """The outcome of one check on one target.

    Args:
        duration_s: seconds, by the harness's monotonic clock.
        target: identity of what was looked at, as the deployment names itself.
        reason: set when the status is UNKNOWN.
        explanation: one sentence for UNKNOWN, NOT_APPLICABLE and WAIVED.
        lacks: the part that the deployment says it does not have; set when that makes the status NOT_APPLICABLE.

    Texts are kept as `plain` gives them.
    """

    check_id: str
    claim: str
    gate: Gate
    severity: Severity
    controls: tuple[str, ...]
    status: Status
    findings: tuple[Finding, ...]
    target: str
    duration_s: float = 0.0
    reason: Reason | None = None
    explanation: str = ""
    lacks: str = ""

    def __post_init__(self) -> None:
        for name in ("target", "explanation"):
            object.__setattr__(self, name, plain(getattr(self, name)))

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The findings that are not ok."""
        return tuple(f for f in self.findings if not f.ok)


CheckFunction = Callable[..., Iterable[Finding]]
Violation = Callable[[Any], object]  # Lab -> a target broken in one way; Any: checks.lab.Lab, which imports this module
F = TypeVar("F", bound=CheckFunction)


@dataclass(frozen=True)
class Check:
    """A rule together with the violations that it must catch.

    Args:
        id: ``room/file_name``, e.g. ``tls/legacy_protocols_refused``.
        claim: first sentence of the module's docstring.
        needs: parameter name -> target type, in the order of the signature; ``policy`` is not among them.
        violations: functions ``(lab) -> target`` whose return annotation names the target that they break.
        clean: a function of that kind that builds the clean twin; None where it is the lab's own.
        drills_only: whether it is judged in a run of drills, and in no gate.
    """

    id: str
    claim: str
    gate: Gate
    severity: Severity
    controls: tuple[str, ...]
    violations: tuple[Violation, ...]
    needs: tuple[tuple[str, type], ...]
    function: CheckFunction = field(compare=False)
    clean: Violation | None = None
    drills_only: bool = False

    def __repr__(self) -> str:
        """Its id: reports name tests by it, the same in every run."""
        return self.id

    def result(
        self, status: Status, *, target: str = "", reason: Reason | None = None, explanation: str = ""
    ) -> Result:
        """A result of this check without findings."""
        return Result(
            check_id=self.id,
            claim=self.claim,
            gate=self.gate,
            severity=self.severity,
            controls=self.controls,
            status=status,
            findings=(),
            target=target,
            reason=reason,
            explanation=explanation,
        )


@dataclass(frozen=True)
class _Declaration:
    gate: Gate
    severity: Severity
    controls: tuple[str, ...]
    violations: tuple[Violation, ...]
    clean: Violation | None
    drills_only: bool


def check(
    *,
    gate: Gate,
    severity: Severity,
    controls: tuple[str, ...],
    violations: tuple[Violation, ...],
    clean: Violation | None = None,
    drills_only: bool = False,
) -> Callable[[F], F]:
    """Declare the one public function of a rule's module as a check.

    Args:
        gate: the gate it counts for.
        severity: what a failure means for the decision.
        controls: ids of ``controls.toml`` that it covers, e.g. ``hipaa:164.312(e)(1)``.
        violations: at least one way to break the claim; each must make the check FAIL.
        clean: builds what the check must PASS on, where the lab's own clean twin has nothing for it to examine.
        drills_only: whether a gate leaves it out, for it takes long or breaks much.
    """

    def declare(function: F) -> F:
        function.__check__ = _Declaration(gate, severity, controls, violations, clean, drills_only)  # type: ignore[attr-defined]
        return function

    return declare


def declared(function: CheckFunction, *, identity: str, claim: str, needs: tuple[tuple[str, type], ...]) -> Check:
    """Turn a function that ``@check`` marked into a `Check`; the catalogue calls this."""
    declaration: _Declaration = function.__check__  # type: ignore[attr-defined]
    return Check(
        id=identity,
        claim=claim,
        gate=declaration.gate,
        severity=declaration.severity,
        controls=declaration.controls,
        violations=declaration.violations,
        needs=needs,
        function=function,
        clean=declaration.clean,
        drills_only=declaration.drills_only,
    )
