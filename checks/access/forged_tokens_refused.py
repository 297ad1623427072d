"""A token that the deployment did not sign, for itself, for now, opens nothing (45 CFR 164.312(d); RFC 8725)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.acting import whoami
from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Severity, check
from checks.targets import Api

_OK, _UNAUTHENTICATED = 200, 401
_FLAWS = {
    "alg-none": "accept only the algorithm of the deployment's key, never 'none'",
    "wrong-key": "verify the signature of every token with the deployment's own key",
    "wrong-audience": "accept only tokens whose audience is this application",
    "expired": "refuse a token from the moment that it names as its end",
}


def _signatures_not_verified(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"tokens.verify": ["audience", "expiry"]}))


def _any_audience_accepted(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"tokens.verify": ["signature", "expiry"]}))


def _expired_tokens_accepted(lab: Lab) -> Api:
    return lab.build(ApiFlaws(settings={"tokens.verify": ["signature", "audience"]}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(d)", "hipaa:164.312(a)(1)"),
    violations=(_signatures_not_verified, _any_audience_accepted, _expired_tokens_accepted),
)
def forged_tokens_refused(api: Api) -> Iterator[Finding]:
    """One flaw at a time, in a token that is otherwise right; first the right one."""
    account = next(iter(api.accounts()), None)
    if account is None:
        msg = "the target file declares no [[api.accounts]] whose token could be forged"
        raise NotDeclaredError(msg, "accounts")
    proper = api.send(whoami(api), account=account)
    if proper.status != _OK:
        msg = f"a proper token is not accepted either ({proper.status}), so a refusal says nothing"
        raise CannotLookError(msg)
    for flaw, remedy in _FLAWS.items():
        seen = api.with_forged_token(account, flaw)
        yield Finding(
            subject=f"token with flaw: {flaw}",
            ok=seen.status == _UNAUTHENTICATED,
            message=f"answers {seen.status}",
            remedy=remedy,
        )
