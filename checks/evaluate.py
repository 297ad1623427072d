"""How a verdict is made: a check is run over its targets, and its findings settle its status.

    result = evaluate(rule, deployment.find, load_policy("default"), target="clinic")
    result.status  # Status.PASS, FAIL or UNKNOWN: only PASS is green

Nothing here does I/O, reads a clock or the environment; policies' exemptions and waivers are applied elsewhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from checks.model import HARMS, CannotLookError, Check, Finding, NotDeclaredError, Reason, Result, Status
from checks.origin import raised_at
from checks.policy import Policy


def evaluate(
    rule: Check,
    find: Callable[[type], object],
    policy: Policy,
    *,
    target: str,
    absent: Mapping[str, str] = MappingProxyType({}),
) -> Result:
    """Run a check over its targets and settle its status. Never raises for what a check or a target does.

    Args:
        rule: the check.
        find: gives the target of a Protocol, or raises `CannotLookError` when the deployment declares none.
        policy: thresholds for checks that take one.
        target: identity of what is looked at.
        absent: part that the deployment says it does not have -> why.
    """
    blank = rule.result(Status.UNKNOWN, target=target)
    found: list[Finding] = []
    try:
        found.extend(findings(rule, find, policy))
    except NotDeclaredError as problem:
        if problem.part in absent:
            return _without(blank, found, problem, absent[problem.part], policy)
        return _cut_short(blank, found, problem.reason, str(problem))
    except CannotLookError as problem:
        return _cut_short(blank, found, problem.reason, str(problem))
    except (Exception, SystemExit) as crash:  # noqa: BLE001  a crashed check is UNKNOWN, whatever it raised
        where = f" ({place})" if (place := raised_at(crash)) else ""
        return _cut_short(blank, found, Reason.CRASHED, f"{type(crash).__name__}: {crash}{where}")
    if not found:
        return replace(blank, reason=Reason.EXAMINED_NOTHING, explanation="the check examined no subject")
    status = Status.PASS if all(f.ok for f in found) else Status.FAIL
    return replace(blank, status=status, findings=tuple(found))


def findings(rule: Check, find: Callable[[type], object], policy: Policy) -> Iterator[Finding]:
    """What a check finds, one at a time; raises whatever it, a target or ``find`` raises. See `evaluate`."""
    arguments = {name: find(kind) for name, kind in rule.needs}
    if "policy" in inspect.signature(rule.function).parameters:
        arguments["policy"] = policy
    yield from rule.function(**arguments)


def _without(blank: Result, found: list[Finding], lacking: NotDeclaredError, why: str, policy: Policy) -> Result:
    """The deployment has no such part: what was there was examined; the rest does not apply, if the policy allows."""
    part = lacking.part
    said = f"the deployment says that it {'bears' if part in HARMS else 'has'} no {part.replace('_', ' ')}: {why}"
    if any(not f.ok for f in found) or part not in policy.may_lack:
        refused = f"{said}; policy {policy.name} does not let it lack one (may_lack)"
        return _cut_short(blank, found, Reason.NOT_DECLARED, said if part in policy.may_lack else refused)
    if found:
        partly = f"looked at in part ({lacking}); {said}"
        return replace(blank, status=Status.PASS, findings=tuple(found), explanation=partly)
    return replace(blank, status=Status.NOT_APPLICABLE, explanation=said, lacks=part)


def _cut_short(blank: Result, found: list[Finding], reason: Reason, explanation: str) -> Result:
    """What was seen broken before the check could look no further is broken all the same: FAIL outranks UNKNOWN."""
    if any(not f.ok for f in found):
        return replace(blank, status=Status.FAIL, findings=tuple(found), explanation=f"and then: {explanation}")
    return replace(blank, findings=tuple(found), reason=reason, explanation=explanation)
