"""An account is locked after repeated failures, also for who then has the right password (45 CFR 164.308(a)(5)(ii)(C)).

NIST SP 800-63B section 5.2.2 demands a limit on consecutive failed attempts.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.acting import disposable, some_account, usual_role, whoami
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Account, Api, Login

_LIMITED, _BROKEN = 429, 500
_WRONG = "not-the-password-of-anybody"


def _lock_after_fifty(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"session.lockout_failures": 50}))


def _lock_for_no_time(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"session.lockout_seconds": 0}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(5)(ii)(C)", "hipaa:164.312(d)"),
    violations=(_lock_after_fifty, _lock_for_no_time),
)
def lockout_after_failures(api: Api, policy: Policy) -> Iterator[Finding]:
    """Two accounts made alike: the one after failures is refused what the other is granted."""
    role, tenant = usual_role(api), some_account(api).tenant
    with disposable(api, role, tenant) as control, disposable(api, role, tenant) as account:
        yield from _locked(api, control, account, policy.session.lockout_failures)


def _locked(api: Api, control: Account, account: Account, failures: int) -> Iterator[Finding]:
    if not _meant(api.login(control)).granted:
        msg = "a fresh account cannot log in, so a refusal after failures would say nothing"
        raise CannotLookError(msg)
    for _ in range(failures):
        if _meant(api.login(account, password=_WRONG)).granted:
            msg = "a wrong password was granted, so there are no failures to count"
            raise CannotLookError(msg)
    seen = _meant(api.login(account))
    yield Finding(
        subject=f"log-in after {failures} failures",
        ok=not seen.granted,
        message=f"{'granted' if seen.granted else 'refused'} with {seen.status}",
        remedy=f"lock an account after {failures} failed log-ins (session.lockout_failures)",
    )
    other = api.send(whoami(api), account=control)
    yield Finding(
        subject="another account meanwhile",
        ok=other.status == 200,
        message=f"works on with {other.status}" if other.status == 200 else f"is shut out with {other.status}",
        remedy="count failures by account, so that a stranger cannot lock everybody out",
    )


def _meant(seen: Login) -> Login:
    if seen.status == _LIMITED or seen.status >= _BROKEN:
        msg = f"a log-in answers {seen.status}, which is neither granted nor refused"
        raise CannotLookError(msg)
    return seen
