"""Small catalogues, results and documents for the tests of reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from checks.catalogue import controls
from checks.model import Check, Finding, Gate, Reason, Result, Severity, Status
from checks.policy import Policy, load_policy
from checks.targets import Drill, Latencies, Load, PrivacyClaim
from reports.decide import Criteria, RunPeriod, decide, violation_name
from reports.document import ReportDocument, compose, policy_digest, target_digest
from reports.drill_figures import DrillRecord
from reports.figures import LoadRecord, PrivacyRecord
from reports.records import Decision, Identity, RunKind, SelfProof
from reports.waivers import Waiver

START = datetime(2026, 11, 21, 1, 18, 0, tzinfo=UTC)
END = START + timedelta(minutes=5, seconds=12)
TLS, AUDIT = "hipaa:164.312(e)(1)", "hipaa:164.312(b)"
BROKEN = Finding("edge 10.1.2.3:443 TLSv1.1", ok=False, message="It was accepted.", remedy="ssl_protocols TLSv1.2;")
FINE = Finding("edge 10.1.2.3:443 TLSv1.0", ok=True, message="It was refused.", evidence="alert 70")


def _edge_offering_tls11(_: object) -> object:
    return object()


def _edge_offering_ssl3(_: object) -> object:
    return object()


def rule(
    name: str, severity: Severity = Severity.HIGH, gate: Gate = Gate.SECURITY, control: str = TLS, violations: int = 1
) -> Check:
    """A check of a catalogue; its function is never called."""
    return Check(
        id=f"room/{name}",
        claim=f"{name} holds.",
        gate=gate,
        severity=severity,
        controls=(control,),
        violations=(_edge_offering_tls11, _edge_offering_ssl3)[:violations],
        needs=(),
        function=lambda: (),
    )


def result(check: Check, status: Status = Status.PASS, *findings: Finding, reason: Reason | None = None) -> Result:
    """A result of that check, with a finding that fits the status."""
    fitting = {Status.PASS: (FINE,), Status.FAIL: (FINE, BROKEN)}.get(status, ())
    return Result(
        check_id=check.id,
        claim=check.claim,
        gate=check.gate,
        severity=check.severity,
        controls=check.controls,
        status=status,
        findings=findings or fitting,
        target="stack",
        duration_s=0.25,
        reason=reason,
        explanation="the port was closed" if status is Status.UNKNOWN else "",
    )


def proofs(catalogue: Iterable[Check]) -> list[SelfProof]:
    """Every violation of every check, caught."""
    return [
        SelfProof(
            check=check.id,
            violation=violation_name(violation),
            status=Status.FAIL,
            reason="It was accepted.",
            at=START + timedelta(seconds=30),
            on="nginx 127.4.1.9:8443",
            clean_status=Status.PASS,
        )
        for check in catalogue
        for violation in check.violations
    ]


def policy(**changes: object) -> Policy:
    """A policy over one gate and one control, with the usual weights."""
    base: dict[str, object] = {"name": "p", "system": "s", "required_controls": (TLS,), "gates": (Gate.SECURITY,)}
    return Policy.model_validate(base | changes)


def decided(
    catalogue: Sequence[Check],
    results: Iterable[Result],
    *,
    under: Policy | None = None,
    proven: Iterable[SelfProof] | None = None,
    waivers: Sequence[Waiver] = (),
    clock_skew_ms: float = 0.0,
    harness: tuple[str, ...] = (),
) -> Decision:
    """`decide` with everything else in order."""
    return decide(
        results,
        Criteria(under or policy(), catalogue, controls()),
        proofs=proofs(catalogue) if proven is None else proven,
        period=RunPeriod(START, END.date(), clock_skew_ms, harness),
        waivers=waivers,
    )


def document(
    run_id: str = "run-1", *, name: str = "reference stack", failing: bool = False, kind: RunKind = "gate"
) -> ReportDocument:
    """A report of three checks with figures of every kind."""
    catalogue = (
        rule("legacy_protocols_refused", Severity.CRITICAL, violations=2),
        rule("hsts_sent"),
        rule("audit_append_only", gate=Gate.COMPLIANCE, control=AUDIT),
    )
    results = [result(check) for check in catalogue]
    if failing:
        results[0] = result(catalogue[0], Status.FAIL)
        results[1] = result(catalogue[1], Status.UNKNOWN, reason=Reason.COULD_NOT_LOOK)
    shown = proofs(catalogue)
    rules = load_policy("default")
    identity = Identity(
        kind=kind,
        name=name,
        digest=target_digest(name, {"edge": "nginx 1.22"}),
        run_id=run_id,
        harness_version="0.1.0",
        policy=rules.name,
        policy_digest=policy_digest(rules),
        started=START,
        ended=END,
        clock_skew_ms=0.4,
    )
    drill = Drill(
        scenario="primary_killed",
        fault="SIGKILL of every process of pg1",
        resolution_s=0.05,
        rto_s=7.31,
        read_rto_s=0.4,
        longest_gap_s=7.35,
        replicas=2,
        redundancy_s=14.2,
        ack_age_s=0.02,
        acknowledged=1834,
        lost=(),
        lost_span_s=0.0,
        corrupt=(),
        duplicate=(),
        failed_yet_present=(),
        complete_read=True,
        two_primaries_seen=False,
        clock_skew_s=0.0,
        ledger_intact=True,
        primary_samples=120,
        unanswered=9,
        unseen=(),
    )
    load = Load(
        profile="clinic",
        users=120,
        seconds=60.0,
        arrival="poisson",
        seed=7,
        kinds=(
            Latencies("patients", (4.0, 9.0, 31.0), (900, 90, 10), {}),
            Latencies("chat", (200.0,), (50,), {"504": 1}),
        ),
        generator_cpu=0.41,
        complete=True,
        problem="",
    )
    claim = PrivacyClaim("router", "gaussian", 0.05, 1e-6, 5.0, 77.2, 3)
    decision = decided(catalogue, results, proven=shown, under=policy(gates=(Gate.SECURITY, Gate.COMPLIANCE)))
    return compose(
        identity,
        decision,
        proofs=shown,
        drills=[DrillRecord.of(drill)],
        load=[LoadRecord.of(load)],
        privacy=[PrivacyRecord.of(claim)],
    )
