"""The decision: what makes APPROVED, CONDITIONAL and REJECTED."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from checks.model import Check, Gate, Reason, Result, Severity, Status
from reports.decide import Criteria, RunPeriod, decide
from reports.effective_status import WAIVERS_CHECK
from reports.records import Decision, DecisionCause, SelfProof, Verdict
from reports.waivers import Waiver, WaiverError, load_waivers
from suites.unit.reports.report_samples import AUDIT, BROKEN, END, FINE, START, decided, policy, proofs, result, rule

CRITICAL, HIGH, LOW = rule("critical", Severity.CRITICAL), rule("high"), rule("low", Severity.LOW)
ALL = (CRITICAL, HIGH, LOW)
WAIVER = Waiver(check=HIGH.id, owner="J. Doe", justification="Replaced by the new edge in June.", expires=END.date())


def _with(**statuses: Status) -> list[Result]:
    return [result(check, statuses.get(check.id.removeprefix("room/"), Status.PASS)) for check in ALL]


def _causes(decision: Decision) -> list[tuple[DecisionCause, str]]:
    return [(point.cause, point.subject) for point in decision.rejections]


def test_all_green_and_proven_is_approved() -> None:
    """Nothing to answer for."""
    decision = decided(ALL, _with())
    assert (decision.verdict, decision.score) == (Verdict.APPROVED, 100.0)
    assert (decision.conditions, decision.rejections) == ((), ())


@pytest.mark.parametrize(
    ("statuses", "verdict", "score"),
    [
        ({"low": Status.FAIL}, Verdict.CONDITIONAL, 92.3),  # weights 8, 4, 1
        ({"low": Status.UNKNOWN}, Verdict.CONDITIONAL, 92.3),
        ({"high": Status.FAIL}, Verdict.REJECTED, 69.2),  # below the floor of 80
        ({"critical": Status.FAIL}, Verdict.REJECTED, 38.4),
        ({"critical": Status.UNKNOWN}, Verdict.REJECTED, 38.4),
        ({"critical": Status.FAIL, "high": Status.FAIL, "low": Status.FAIL}, Verdict.REJECTED, 0.0),
    ],
)
def test_what_is_not_green_costs_its_weight(statuses: dict[str, Status], verdict: Verdict, score: float) -> None:
    """FAIL and UNKNOWN count nothing; the score is cut, not rounded."""
    decision = decided(ALL, _with(**statuses))
    assert (decision.verdict, decision.score) == (verdict, score)


def test_what_is_not_the_committed_harness_approves_nothing() -> None:
    check = rule("a", Severity.CRITICAL)
    found = decided([check], [result(check)], harness=("changed since the commit: checks/tls/x.py",))
    assert (found.verdict, [ground.cause for ground in found.conditions]) == (
        Verdict.CONDITIONAL,
        [DecisionCause.HARNESS],
    )
    assert "changed since the commit: checks/tls/x.py. Judge from a clean checkout" in found.conditions[0].message


def test_a_critical_failure_rejects_whatever_the_score() -> None:
    """One critical failure among fifty checks that hold."""
    catalogue = (CRITICAL, *(rule(f"held_{i}", Severity.CRITICAL) for i in range(50)))
    decision = decided(catalogue, [result(CRITICAL, Status.FAIL), *(result(check) for check in catalogue[1:])])
    assert (decision.verdict, decision.score > 95) == (Verdict.REJECTED, True)
    assert _causes(decision) == [(DecisionCause.CRITICAL_FAIL, "room/critical")]
    assert BROKEN.message in decision.rejections[0].message


def test_the_conditions_name_what_to_mend() -> None:
    """A conditional approval lists its conditions."""
    decision = decided(ALL, _with(low=Status.FAIL))
    assert [(c.cause, c.subject) for c in decision.conditions] == [(DecisionCause.FAILED, "room/low")]


def test_a_check_that_was_not_run_is_unknown() -> None:
    """Leaving a check out is no way to become green."""
    decision = decided(ALL, [result(HIGH), result(LOW)])
    assert decision.verdict is Verdict.REJECTED
    assert (decision.checks[0].status, decision.checks[0].reason) == (Status.UNKNOWN, Reason.NOT_RUN)


def test_zero_results_are_never_green() -> None:
    """Neither an empty catalogue nor an empty gate passes."""
    nothing = decided((), [], under=policy(required_controls=()))
    assert (nothing.verdict, nothing.score, _causes(nothing)) == (
        Verdict.REJECTED,
        0.0,
        [(DecisionCause.NO_RESULT, "all gates")],
    )
    no_gate = decided(ALL, _with(), under=policy(gates=(Gate.SECURITY, Gate.PRIVACY)))
    assert _causes(no_gate) == [(DecisionCause.NO_RESULT, "gate privacy")]


def test_a_required_control_without_a_check_rejects() -> None:
    """So does one whose only check could not look."""
    bare = decided(ALL, _with(), under=policy(required_controls=(AUDIT,)))
    assert _causes(bare) == [(DecisionCause.NOT_COVERED, AUDIT)]
    audit = rule("audit", Severity.LOW, control=AUDIT)
    blind = decided((*ALL, audit), [*_with(), result(audit, Status.UNKNOWN)], under=policy(required_controls=(AUDIT,)))
    assert _causes(blind) == [(DecisionCause.NOT_COVERED, AUDIT)]
    held = decided((*ALL, audit), [*_with(), result(audit)], under=policy(required_controls=(AUDIT,)))
    assert held.verdict is Verdict.APPROVED


def _proof(**changes: object) -> SelfProof:
    return proofs((CRITICAL,))[0].model_copy(update=changes)


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ([], "not tried"),
        ([_proof(status=Status.PASS)], "answered PASS to the violation"),
        ([_proof(status=Status.UNKNOWN, reason="no nginx")], "answered UNKNOWN to the violation"),
        ([_proof(clean_status=Status.FAIL)], "answered FAIL to the clean twin"),
        ([_proof(at=START - timedelta(seconds=1))], "not tried"),
        ([_proof(violation="another")], "edge_offering_tls11 not tried"),
    ],
)
def test_a_pass_that_is_not_proven_is_unknown(shown: list[SelfProof], why: str) -> None:
    """No self-proof, a failed one, an old one or that of another violation: the PASS says nothing."""
    decision = decided((CRITICAL,), [result(CRITICAL)], proven=shown)
    assert (decision.verdict, decision.checks[0].reason) == (Verdict.REJECTED, Reason.NOT_PROVEN)
    assert why in decision.checks[0].explanation


def test_every_violation_must_be_caught() -> None:
    """One proof of two is no proof."""
    two = rule("two", violations=2)
    assert decided((two,), [result(two)], proven=proofs((two,))[:1]).checks[0].reason is Reason.NOT_PROVEN
    proven = decided((two,), [result(two)]).checks[0]
    assert proven.proof == (
        "proven able to fail on 2026-11-21 01:18:30 UTC, 2 of 2 violations, on nginx 127.4.1.9:8443"
    )


def test_a_result_outside_the_catalogue_is_not_proven() -> None:
    """Nothing seeded can have shown that it fails."""
    decision = decided((HIGH,), [result(HIGH), result(LOW)])
    assert [(c.id, c.status) for c in decision.checks] == [(HIGH.id, Status.PASS), (LOW.id, Status.UNKNOWN)]


def test_only_the_policy_makes_a_check_not_applicable() -> None:
    """A result cannot exempt itself; an exemption neither counts nor covers."""
    claimed = decided(ALL, _with(low=Status.NOT_APPLICABLE))
    assert claimed.checks[2].status is Status.UNKNOWN
    exempt = policy(not_applicable=({"check": "room/low", "reason": "there is no such part"},))
    assert decided(ALL, _with(low=Status.FAIL), under=exempt).verdict is Verdict.APPROVED
    assert decided(ALL, _with(), under=exempt).checks[2].status is Status.NOT_APPLICABLE
    lacking = replace(result(LOW), status=Status.NOT_APPLICABLE, findings=(), lacks="federation")
    others = [each for each in _with() if each.check_id != LOW.id]
    assert decided(ALL, [*others, lacking]).checks[2].status is Status.UNKNOWN
    allowed = policy(may_lack=("federation",))
    assert decided(ALL, [*others, lacking], under=allowed).checks[2].status is Status.NOT_APPLICABLE
    everything = policy(not_applicable=[{"check": c.id, "reason": "there is no such part"} for c in ALL])
    assert decided(ALL, _with(), under=everything).verdict is Verdict.REJECTED


def test_what_the_policy_leaves_out_needs_no_proof_and_what_it_does_not_does() -> None:
    """Where a violation cannot even be built, only an exemption with its reason lets the gate go on."""
    assert proofs(ALL[:2])[-1].check == ALL[1].id
    unproven = decided(ALL, _with(), proven=proofs(ALL[:2]))
    assert (unproven.verdict, unproven.checks[2].reason) == (Verdict.CONDITIONAL, Reason.NOT_PROVEN)
    exempt = policy(not_applicable=({"check": ALL[2].id, "reason": "there is no such part"},))
    left_out = decided(ALL, _with(), under=exempt, proven=proofs(ALL[:2]))
    assert (left_out.verdict, left_out.checks[2].proven) == (Verdict.APPROVED, False)
    assert left_out.checks[2].proof == "it is not applicable by policy and never green, so it needs no proof"
    assert decided(ALL, _with(), under=exempt, proven=proofs(ALL[:1])).checks[1].reason is Reason.NOT_PROVEN


def test_a_pass_must_fit_its_findings() -> None:
    """A PASS without a finding or with a broken one is none."""
    empty = Result(**{**vars(result(HIGH)), "findings": ()})
    assert decided((HIGH,), [empty]).checks[0].reason is Reason.EXAMINED_NOTHING
    assert decided((HIGH,), [result(HIGH, Status.PASS, FINE, BROKEN)]).checks[0].status is Status.FAIL


def test_the_worst_of_several_results_counts() -> None:
    """Running a check again does not make it green."""
    assert decided((HIGH,), [result(HIGH, Status.FAIL), result(HIGH)]).checks[0].status is Status.FAIL


def test_a_waiver_in_force_counts_half_and_is_a_condition() -> None:
    """On its last day it still covers."""
    decision = decided(ALL, _with(high=Status.FAIL), waivers=[WAIVER])
    assert (decision.verdict, decision.checks[1].status) == (Verdict.CONDITIONAL, Status.WAIVED)
    assert decision.score == 88.2  # 8 + 2 + 1 + 4 for the waivers themselves, of 17
    assert [c.cause for c in decision.conditions] == [DecisionCause.WAIVED]
    assert "J. Doe" in decision.conditions[0].message


def test_a_waiver_covers_failures_only() -> None:
    """What could not be examined cannot be accepted."""
    assert decided(ALL, _with(high=Status.UNKNOWN), waivers=[WAIVER]).checks[1].status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expires": END.date() - timedelta(days=1)}, "It expired on 2026-11-20."),
        ({"expires": None}, "It never expires."),
        ({"check": "room/renamed"}, "It names a check that does not exist."),
        ({"justification": "accepted"}, "It gives no justification that a reader could judge."),
        ({"owner": " "}, "Nobody owns it."),
    ],
)
def test_a_waiver_that_is_not_in_force_is_a_failure(changes: dict[str, object], message: str) -> None:
    """It covers nothing, and stands among the failures itself, also where all checks hold."""
    waiver = WAIVER.model_copy(update=changes)
    failing = decided(ALL, _with(high=Status.FAIL), waivers=[waiver])
    assert failing.checks[1].status is Status.FAIL
    holding = decided(ALL, _with(), waivers=[waiver])
    record = holding.checks[-1]
    assert (record.id, record.status, record.broken[0].message) == (WAIVERS_CHECK, Status.FAIL, message)
    assert holding.verdict is not Verdict.APPROVED
    assert (holding.waivers[0].in_force, holding.waivers[0].message) == (False, message)


def test_clocks_that_disagree_reject() -> None:
    """More than 50 ms, either way, or no number."""
    for skew in (50.1, -51.0, float("nan")):
        assert _causes(decided(ALL, _with(), clock_skew_ms=skew)) == [(DecisionCause.CLOCKS_DISAGREE, "clock")]
    assert decided(ALL, _with(), clock_skew_ms=50.0).verdict is Verdict.APPROVED


def test_gates_have_their_own_score_and_status() -> None:
    """The worst status of a gate is the gate's."""
    other: Check = rule("other", gate=Gate.PRIVACY)
    decision = decided((*ALL, other), [*_with(low=Status.UNKNOWN), result(other)])
    assert [(g.gate, g.status, g.score) for g in decision.gates] == [
        (Gate.SECURITY, Status.UNKNOWN, 92.3),
        (Gate.PRIVACY, Status.PASS, 100.0),
    ]
    assert decision.gates[0].counts[Status.UNKNOWN] == 1


def test_findings_are_redacted_on_the_way_in() -> None:
    """Whatever a check forgot."""
    leak = result(HIGH, Status.PASS, FINE.__class__("db", ok=True, message="postgres://app:hunter2@10.1.2.3/clinical"))
    assert "hunter2" not in decided((HIGH,), [leak]).model_dump_json()


def test_waivers_are_read_from_toml(tmp_path: Path) -> None:
    """The file's form, and one clear sentence when it is not that."""
    path = tmp_path / "waivers.toml"
    path.write_text(
        '[[waiver]]\ncheck = "room/high"\nowner = "J. Doe"\njustification = "because"\nexpires = 2026-12-31\n'
    )
    assert load_waivers(path) == (
        Waiver(check="room/high", owner="J. Doe", justification="because", expires=date(2026, 12, 31)),
    )
    for content, said in (("[[waiver", "is not TOML"), ("[[waiver]]\nid = 1\n", "waiver.0.check: Field required")):
        path.write_text(content)
        with pytest.raises(WaiverError, match=said):
            load_waivers(path)
    with pytest.raises(WaiverError, match="No such file"):
        load_waivers(tmp_path / "none.toml")


def test_deciding_is_pure() -> None:
    """Equal input, equal decision; nothing is kept between calls."""
    criteria, period, shown = Criteria(policy(), ALL, {}), RunPeriod(START, END.date()), tuple(proofs(ALL))
    first, second = (decide(_with(), criteria, proofs=shown, period=period) for _ in range(2))
    assert first == second
