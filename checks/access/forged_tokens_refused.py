"""A token that the deployment did not sign, for itself, for now, opens nothing (45 CFR 164.312(d); RFC 8725)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ApiFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Api

_OK, _UNAUTHENTICATED = 200, 401
_PROBE = "/auth/me"
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
    account = next((account for account in api.accounts() if account.role == "physician"), None)
    if account is None:
        msg = "the deployment declares no physician's account whose token could be forged"
        raise CannotLookError(msg)
    proper = api.call("GET", _PROBE, account=account)
    if proper.status != _OK:
        msg = f"a proper token is not accepted either ({proper.status}), so a refusal says nothing"
        raise CannotLookError(msg)
    for flaw, remedy in _FLAWS.items():
        seen = api.call_with_forged_token(account, _PROBE, flaw)
        yield Finding(
            subject=f"token with flaw: {flaw}",
            ok=seen.status == _UNAUTHENTICATED,
            message=f"answers {seen.status}",
            remedy=remedy,
        )
