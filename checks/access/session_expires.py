"""A session ends by itself, and at once when its user logs out (45 CFR 164.312(a)(2)(iii) automatic logoff)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.acting import some_account, somebody, usual_role, whoami
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Account, Api

_OK, _UNAUTHENTICATED = 200, 401


def _token_for_a_day(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"session.token_seconds": 86_400}))


def _logout_without_effect(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"session.revocation": False}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(2)(iii)", "hipaa:164.312(d)"),
    violations=(_token_for_a_day, _logout_without_effect),
)
def session_expires(api: Api, policy: Policy) -> Iterator[Finding]:
    """The lifetime that a token states, in the answer and in itself; and what it is worth after the log-out."""
    with somebody(api, usual_role(api), some_account(api).tenant) as account:
        yield from _lifetime(api, account, policy.session.token_seconds)
        yield _after_logout(api, account)


def _lifetime(api: Api, account: Account, limit: int) -> Iterator[Finding]:
    login = api.login(account)
    if not login.granted:
        msg = f"a fresh account cannot log in: {login.status}"
        raise CannotLookError(msg)
    for what, seconds in (("answer says", login.expires_in_s), ("token itself says", login.token_lifetime_s)):
        yield Finding(
            subject=f"lifetime of a session, as the {what}",
            ok=seconds is not None and 0 < seconds <= limit,
            message="states no end" if seconds is None else f"{seconds} s, allowed are {limit} s",
            remedy=f"issue tokens that expire within {limit} s (session.token_seconds)",
        )


def _after_logout(api: Api, account: Account) -> Finding:
    usable = api.send(whoami(api), account=account)
    if usable.status != _OK:
        msg = f"a token is not accepted even before the log-out: {usable.status}"
        raise CannotLookError(msg)
    after = api.after_log_out(account)
    return Finding(
        subject="a token after its user logged out",
        ok=after.status == _UNAUTHENTICATED,
        message=f"answers {after.status}",
        remedy="keep a list of revoked tokens until they expire, and ask it at every request (session.revocation)",
    )
