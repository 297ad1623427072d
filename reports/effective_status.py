"""The status with which a check's result counts: after the policy's exemptions, the self-proof and the waivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.model import Check, Finding, Gate, Reason, Result, Severity, Status, Violation
from reports.records import CheckRecord, FindingRecord, SelfProof, utc
from reports.redaction import printable
from reports.waivers import Waiver

WAIVERS_CHECK = "waivers/in_force"


def violation_name(violation: Violation) -> str:
    """The name by which a self-proof refers to a violation: its function's name without the leading underscore."""
    return violation.__name__.lstrip("_")


def not_run(rule: Check) -> Result:
    """The result of a check that nobody ran."""
    explanation = "the check was not run on this deployment"
    return rule.result(Status.UNKNOWN, reason=Reason.NOT_RUN, explanation=explanation)


def waivers_check(findings: tuple[Finding, ...]) -> CheckRecord:
    """The waivers themselves, as a check: one that is not in force is a failure."""
    return CheckRecord(
        id=WAIVERS_CHECK,
        claim="Every waiver names a check, an owner, a justification and a day that is not past.",
        gate=Gate.COMPLIANCE,
        severity=Severity.HIGH,
        controls=(),
        status=Status.PASS if all(f.ok for f in findings) else Status.FAIL,
        proven=True,
        proof="a rule of the decision itself: it reads the waivers file and no deployment",
        findings=tuple(FindingRecord.of(f) for f in findings),
    )


@dataclass(frozen=True)
class Adjustments:
    """What changes the status that a check came to.

    Args:
        exempts: of a check's id: the policy's reason why it does not apply, None where it does.
        proofs: outcomes of this run's self-proof, by check id.
        waivers: those in force, by check id.
        may_lack: parts that the policy lets a deployment do without.
    """

    exempts: Callable[[str], str | None]
    proofs: Mapping[str, Sequence[SelfProof]]
    waivers: Mapping[str, Waiver]
    may_lack: Sequence[str] = ()

    def apply(self, result: Result, rule: Check | None) -> CheckRecord:
        """A result as it counts. ``rule`` is None for a result of no check of the catalogue: it cannot be proven."""
        proven, proof = self._proof(rule)
        counted = self._counted(result, proven=proven, proof=proof)
        return CheckRecord(
            id=counted.check_id,
            claim=counted.claim,
            gate=counted.gate,
            severity=counted.severity,
            controls=counted.controls,
            status=counted.status,
            reason=counted.reason,
            explanation=printable(counted.explanation),
            proven=proven,
            proof=printable(proof),
            target=printable(counted.target),
            duration_s=counted.duration_s,
            findings=tuple(FindingRecord.of(f) for f in counted.findings),
        )

    def _counted(self, result: Result, *, proven: bool, proof: str) -> Result:
        if (exemption := self.exempts(result.check_id)) is not None:
            reason = f"not applicable by policy: {exemption}"
            return replace(result, status=Status.NOT_APPLICABLE, reason=None, explanation=reason)
        if result.status is Status.UNKNOWN:
            return result if result.reason else replace(result, reason=Reason.COULD_NOT_LOOK)
        if result.status is Status.NOT_APPLICABLE and result.lacks not in self.may_lack:
            explanation = "the policy does not exempt this check, so it cannot be not applicable"
            return replace(result, status=Status.UNKNOWN, reason=Reason.COULD_NOT_LOOK, explanation=explanation)
        if result.status is Status.NOT_APPLICABLE:
            return replace(result, reason=None)
        if result.broken or result.status is not Status.PASS:
            return self._failed(result)
        return _green(result, proven=proven, proof=proof)

    def _failed(self, result: Result) -> Result:
        # A failure needs no proof that the check can fail. It counts the same as UNKNOWN, and says more.
        waiver = self.waivers.get(result.check_id)
        if waiver is None:
            return replace(result, status=Status.FAIL, reason=None)
        explanation = f"waived until {waiver.expires} by {waiver.owner}: {waiver.justification}"
        return replace(result, status=Status.WAIVED, reason=None, explanation=explanation)

    def _proof(self, rule: Check | None) -> tuple[bool, str]:
        if rule is None:
            return False, "it is not in the catalogue, so nothing proves that it can fail"
        if self.exempts(rule.id) is not None:
            return False, "it is not applicable by policy and never green, so it needs no proof"
        shown = self.proofs.get(rule.id, ())
        wanted = [violation_name(v) for v in rule.violations]
        seen = {proof.violation for proof in shown}
        missing = [name for name in wanted if name not in seen]
        failed = [proof for proof in shown if not proof.proven]
        if failed:
            return False, _failed_proof(failed[0])
        if missing or not wanted:
            untried = ", ".join(missing) or "no violation"
            return False, f"it was not proven able to fail in this run ({untried} not tried)"
        last = max(shown, key=lambda proof: proof.at)
        places = ", ".join(dict.fromkeys(proof.on for proof in shown))
        return True, f"proven able to fail on {utc(last.at)}, {len(wanted)} of {len(wanted)} violations, on {places}"


def _green(result: Result, *, proven: bool, proof: str) -> Result:
    if not result.findings:
        explanation = "the check examined no subject"
        return replace(result, status=Status.UNKNOWN, reason=Reason.EXAMINED_NOTHING, explanation=explanation)
    if not proven:
        explanation = f"it saw no fault, but {proof}: its PASS says nothing"
        return replace(result, status=Status.UNKNOWN, reason=Reason.NOT_PROVEN, explanation=explanation)
    return result


def _failed_proof(proof: SelfProof) -> str:
    if proof.status is not Status.FAIL:
        why = f": {proof.reason}" if proof.reason else ""
        return f"it answered {proof.status} to the violation {proof.violation} on {proof.on}{why}"
    why = f": {proof.clean_reason}" if proof.clean_reason else ""
    return f"it answered {proof.clean_status} to the clean twin of {proof.violation}{why}"
