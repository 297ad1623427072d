"""A session that nobody uses ends (45 CFR 164.312(a)(2)(iii) automatic logoff; NIST SP 800-53 AC-12).

How soon is what the answer to a log-in states: an idle time-out, or a lifetime that is no longer. A time that a rule
can wait for is waited for, without a request; then the session must be worth nothing. A time-out of half an hour is
not: so on most deployments this holds what the application states of itself to the policy.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.acting import some_account, somebody, usual_role
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Account, Api

_UNAUTHENTICATED = 401
_WAITED_S = 30  # the longest that is waited for
_MARGIN_S = 1


def _idle_for_a_day(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"session.idle_seconds": 86_400, "session.token_seconds": 86_400}))


def _idle_time_out_without_effect(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"session.idle_seconds": 2, "session.revocation": False}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(2)(iii)",),
    violations=(_idle_for_a_day, _idle_time_out_without_effect),
)
def idle_session_ends(api: Api, policy: Policy) -> Iterator[Finding]:
    """What a log-in states against ``session.idle_seconds``; and a session left alone, where that is short."""
    limit = policy.session.idle_seconds
    with somebody(api, usual_role(api), some_account(api).tenant) as account:
        stated = _stated(api, account, limit)
        if stated is not None:
            yield Finding(
                subject="a session without a request, as the log-in answers",
                ok=0 < stated <= limit,
                message=f"ends after {stated} s, allowed are {limit} s",
                remedy=f"end a session that has been idle for {limit} s (session.idle_seconds)",
            )
        waited = limit if stated is None else stated
        if 0 < waited <= _WAITED_S:
            yield _left_alone(api, account, waited + _MARGIN_S)


def _stated(api: Api, account: Account, limit: int) -> int | None:
    """Seconds after which an unused session ends, as a log-in states; None when it states nothing that would do.

    Raises:
        CannotLookError: it states nothing that would do, and the policy's time is too long to wait for.
    """
    login = api.login(account)
    if not login.granted:
        msg = f"a fresh account cannot log in: {login.status}"
        raise CannotLookError(msg)
    lifetimes = [seconds for seconds in (login.expires_in_s, login.token_lifetime_s) if seconds is not None]
    if login.idle_s is not None:
        return min([login.idle_s, *lifetimes])
    if lifetimes and min(lifetimes) <= limit:
        return min(lifetimes)
    if limit > _WAITED_S:
        lasts = f"its sessions last {min(lifetimes)} s" if lifetimes else "it states no lifetime either"
        msg = (
            f"the answer to a log-in states no idle time-out ([log_in] idle_expires_in) and {lasts}; the {limit} s that"
            " are allowed are too long to wait for"
        )
        raise CannotLookError(msg)
    return None


def _left_alone(api: Api, account: Account, seconds: int) -> Finding:
    after = api.after_idling(account, seconds)
    return Finding(
        subject=f"a session left alone for {seconds} s",
        ok=after.status == _UNAUTHENTICATED,
        message=f"answers {after.status}",
        remedy="keep sessions in a store that forgets them when idle, and ask it at every request (session.revocation)",
    )
