"""Nobody logs in with a password alone (45 CFR 164.312(d); NIST SP 800-63B section 4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.acting import disposable, some_account
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Severity, check
from checks.targets import Account, Api

_LIMITED, _BROKEN = 429, 500


def _second_factor_optional(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"session.require_totp": False}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(d)", "hipaa:164.312(a)(2)(i)"),
    violations=(_second_factor_optional,),
)
def second_factor_required(api: Api) -> Iterator[Finding]:
    """As each role: the right password without a code, with an empty one and with a wrong one; then with the right."""
    if api.application.log_in is None or not api.application.log_in.code:
        msg = 'the application file names no second factor, e.g. [log_in] code = "totp"'
        raise NotDeclaredError(msg, "second_factor")
    tenant = some_account(api).tenant
    for role in api.application.roles:
        with disposable(api, role, tenant) as account:
            yield from _refused_without(api, account)


def _refused_without(api: Api, account: Account) -> Iterator[Finding]:
    for factor, way in (("", "without a code"), ("000000", "with a wrong code")):
        seen = api.login(account, code=factor)
        if seen.status == _LIMITED or seen.status >= _BROKEN:
            msg = f"the log-in of a {account.role} {way} answers {seen.status}, which is no refusal"
            raise CannotLookError(msg)
        yield Finding(
            subject=f"{account.role} logs in {way}",
            ok=not seen.granted,
            message=f"{'granted' if seen.granted else 'refused'} with {seen.status}",
            remedy="demand a one-time code at every log-in (session.require_totp = true)",
        )
    proper = api.login(account)
    if not proper.granted:
        msg = f"the {account.role} cannot log in with both factors either ({proper.status}): a refusal says nothing"
        raise CannotLookError(msg)
