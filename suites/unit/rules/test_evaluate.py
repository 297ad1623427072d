"""A check's status: what makes PASS, FAIL and UNKNOWN."""

from __future__ import annotations

from collections.abc import Iterator

from checks.evaluate import evaluate
from checks.model import CannotLookError, Check, Finding, Gate, NotDeclaredError, Reason, Severity, Status
from checks.policy import Policy, load_policy
from checks.targets import Edge

POLICY = load_policy("default")


def _rule(function: object) -> Check:
    return Check(
        id="room/rule",
        claim="It holds.",
        gate=Gate.SECURITY,
        severity=Severity.HIGH,
        controls=("hipaa:164.312(b)",),
        violations=(),
        needs=(),
        function=function,  # type: ignore[arg-type]
    )


def _nothing_declared(kind: type) -> object:
    msg = f"no {kind.__name__} declared"
    raise CannotLookError(msg, Reason.NOT_DECLARED)


def _status(function: object) -> tuple[Status, Reason | None, str]:
    result = evaluate(_rule(function), _nothing_declared, POLICY, target="t")
    return result.status, result.reason, result.explanation


def test_all_ok_findings_pass_and_are_kept() -> None:
    """Passing findings are the auditor's evidence."""

    def rule() -> Iterator[Finding]:
        yield Finding("a", ok=True, message="fine")

    result = evaluate(_rule(rule), _nothing_declared, POLICY, target="t")
    assert (result.status, [f.subject for f in result.findings]) == (Status.PASS, ["a"])


def test_one_broken_finding_fails() -> None:
    """The broken finding is the one shown."""

    def rule() -> Iterator[Finding]:
        yield Finding("a", ok=True, message="fine")
        yield Finding("b", ok=False, message="broken", remedy="mend it")

    result = evaluate(_rule(rule), _nothing_declared, POLICY, target="t")
    assert (result.status, [f.subject for f in result.broken]) == (Status.FAIL, ["b"])


def test_examining_nothing_is_unknown() -> None:
    """An empty check is never green."""
    assert _status(lambda: iter(())) == (Status.UNKNOWN, Reason.EXAMINED_NOTHING, "the check examined no subject")


def test_a_crash_is_unknown_with_its_cause() -> None:
    """A crash after a passing finding is not green either."""

    def rule() -> Iterator[Finding]:
        yield Finding("a", ok=True, message="fine")
        msg = "boom"
        raise KeyError(msg)

    assert _status(rule) == (Status.UNKNOWN, Reason.CRASHED, "KeyError: 'boom'")


def test_not_being_able_to_look_is_unknown_with_its_reason() -> None:
    """The typed reason survives."""

    def rule() -> Iterator[Finding]:
        yield Finding("a", ok=True, message="fine")
        msg = "port closed"
        raise CannotLookError(msg)

    assert _status(rule) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK, "port closed")


def test_an_undeclared_target_is_unknown() -> None:
    """What the target file leaves out is not assumed to be fine."""
    rule = Check(
        id="room/rule",
        claim="It holds.",
        gate=Gate.SECURITY,
        severity=Severity.HIGH,
        controls=("hipaa:164.312(b)",),
        violations=(),
        needs=(("edge", Edge),),
        function=lambda edge: edge,
    )
    result = evaluate(rule, _nothing_declared, POLICY, target="t")
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.NOT_DECLARED)


def test_what_was_seen_broken_stays_broken_when_the_check_can_look_no_further() -> None:
    """FAIL outranks UNKNOWN, and the explanation says what happened next."""

    def rule() -> Iterator[Finding]:
        yield Finding("a", ok=False, message="broken", remedy="mend it")
        msg = "port closed"
        raise CannotLookError(msg)

    assert _status(rule) == (Status.FAIL, None, "and then: port closed")


def test_what_the_deployment_lacks_does_not_apply_where_the_policy_lets_it_lack_it() -> None:
    """It takes both to say so: the description with its reason, and the policy."""
    lenient = POLICY.model_copy(update={"may_lack": ("federation",)})
    absent = {"federation": "one hospital has no partners"}

    def rule() -> Iterator[Finding]:
        yield from ()
        message = "the target file has no [federation] section"
        raise NotDeclaredError(message, "federation")

    def outcome(policy: Policy, absent: dict[str, str]) -> tuple[Status, str]:
        result = evaluate(_rule(rule), _nothing_declared, policy, target="t", absent=absent)
        return result.status, result.lacks

    assert outcome(lenient, absent) == (Status.NOT_APPLICABLE, "federation")
    assert outcome(POLICY, absent) == (Status.UNKNOWN, "")
    assert outcome(lenient, {}) == (Status.UNKNOWN, "")


def test_what_was_there_counts_when_the_rest_is_lacking() -> None:
    """What was seen broken stays broken; what held stays the evidence."""
    lenient = POLICY.model_copy(update={"may_lack": ("sessions",)})

    def rule(*, ok: bool) -> Iterator[Finding]:
        yield Finding("a", ok=ok, message="seen", remedy="mend it")
        message = "no log-out"
        raise NotDeclaredError(message, "sessions")

    def status(*, ok: bool) -> Status:
        asked = _rule(lambda: rule(ok=ok))
        return evaluate(asked, _nothing_declared, lenient, target="t", absent={"sessions": "basic only"}).status

    assert (status(ok=True), status(ok=False)) == (Status.PASS, Status.FAIL)
