"""Each role can do what its work needs and nothing else (45 CFR 164.308(a)(4)(i) and 164.312(a)(1)).

Every act of the description is tried as every role and without a log-in. What changes something is asked about nobody
and without usable input, so one that is let through changes nothing: what is judged is whether it was refused for want
of the right. An act that only reads is done for real by who may, or the refusals of the others would say nothing.
Of an operation that the application lists itself, and no line of the description names, nobody says who may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from checks.acting import account_with, known_values, usual_role
from checks.application import Act, Request
from checks.lab import ApiFlaws, Lab
from checks.looking import every_named
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Severity, check
from checks.targets import Account, Api

_UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND, _LIMITED, _BROKEN = 401, 403, 404, 429, 500


def _nurse_who_manages_users(lab: Lab) -> Api:
    usual = ["patients:read", "patients:write", "consent:write", "inference:use", "encounters:write"]
    return lab.build(ApiFlaws(settings={"access.roles.nurse": [*usual, "users:manage"]}))


def _researcher_who_reads_patients(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"access.roles.researcher": ["dp:query", "patients:read"]}))


def _physician_who_cannot_read(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"access.roles.physician": ["patients:write", "inference:use"]}))


def _operations_that_no_act_names(lab: Lab) -> Api:
    return lab.build(ApiFlaws(documented=True))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.308(a)(3)(i)", "hipaa:164.308(a)(4)(i)", "hipaa:164.312(a)(1)", "hipaa:164.502(b)"),
    violations=(
        _nurse_who_manages_users,
        _researcher_who_reads_patients,
        _physician_who_cannot_read,
        _operations_that_no_act_names,
    ),
)
def role_matrix_enforced(api: Api) -> Iterator[Finding]:
    """One finding per role and act, per act without a log-in, and per operation that the application lists."""
    if not api.application.acts:
        msg = "the application file names no [[act]]"
        raise NotDeclaredError(msg, "acts")
    usual_role(api)
    accounts = {role: account_with(api, role) for role in api.application.roles}
    yield from every_named({act.name: partial(_tried, api, act, accounts) for act in api.application.acts})


def _tried(api: Api, act: Act, accounts: Mapping[str, Account]) -> Iterator[Finding]:
    for account in accounts.values():
        owner = _owner(act, account, accounts)
        request = _request(api, act, owner)
        yield _judged(api, act, account, owner, api.send(request, account=account).status)
    anybody = next(iter(accounts.values()))
    yield _closed(act, api.send(_request(api, act, _owner(act, anybody, accounts))).status)

    yield from _unnamed(api)


def _unnamed(api: Api) -> Iterator[Finding]:
    named = api.application.requests()
    for operation in api.operations():
        known = any(request.is_one_of(operation.method, operation.path) for request in named)
        yield Finding(
            subject=f"operation {operation}",
            ok=known,
            message="the description names it" if known else "no act names it: nobody says who may",
            remedy="add an [[act]] for it that says which roles may, or take it out of service",
        )


def _owner(act: Act, account: Account, accounts: Mapping[str, Account]) -> Account:
    """Somebody who may do it, of the same tenant if there is one: whose record is asked for."""
    able = [accounts[role] for role in act.roles]
    return next((other for other in able if other.tenant == account.tenant), able[0] if able else account)


def _request(api: Api, act: Act, owner: Account) -> Request:
    return act.harmless(api.application.nobody) if act.writes else act.request.filled(known_values(api, act, owner))


def _judged(api: Api, act: Act, account: Account, owner: Account, status: int) -> Finding:
    role = account.role
    allowed, refused = role in act.roles, status in api.application.refusals
    # To who may not, a record that others of the tenant can read may be hidden.
    hidden = not act.writes and not allowed and status == _NOT_FOUND
    if hidden and owner.tenant != account.tenant:
        msg = f"{act.request} as {role} answers {status}: it is {owner.tenant}'s, which says nothing of rights"
        raise CannotLookError(msg)
    if not refused and (status in (_UNAUTHENTICATED, _LIMITED) or status >= _BROKEN):
        msg = f"{act.request} as {role} answers {status}, which says nothing about the role's rights"
        raise CannotLookError(msg)
    if allowed and not act.writes and not refused and status not in act.success:
        msg = f"{act.request} as {role} answers {status}: neither done nor refused"
        raise CannotLookError(msg)
    kept_out = refused or hidden
    return Finding(
        subject=f"{role}: {act.name}",
        ok=allowed is not kept_out,
        message=f"{act.request} is {'refused' if kept_out else 'let through'} with {status}, and {role} "
        f"{'has' if allowed else 'does not have'} the right",
        remedy=f"{'give' if allowed else 'take'} {role} the right to {act.name}",
    )


def _closed(act: Act, status: int) -> Finding:
    return Finding(
        subject=f"nobody: {act.name}",
        ok=status in (_UNAUTHENTICATED, _FORBIDDEN),
        message=f"{act.request} answers {status} without a log-in",
        remedy="demand a valid log-in before anything else is looked at",
    )
