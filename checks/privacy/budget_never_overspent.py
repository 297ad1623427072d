"""Concurrent queries of one user never cost more than the user's budget (NIST SP 800-226 section 4; GDPR article
25).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, MechanismFlaws
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Mechanism

_CLIENTS, _QUERIES = 12, 24  # below the 30 queries an hour that a user may ask
_ROUNDING = 1e-9


def _charges_discarded(lab: Lab) -> Mechanism:
    return lab.build(MechanismFlaws(enforced=False))


def _check_then_act(lab: Lab) -> Mechanism:
    return lab.build(MechanismFlaws(serialised=False))


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "gdpr:25", "hipaa:164.514(b)"),
    violations=(_charges_discarded, _check_then_act),
)
def budget_never_overspent(mechanism: Mechanism) -> Iterator[Finding]:
    """One finding on what was granted, one on what the ledger says of it."""
    seen = mechanism.spend(_CLIENTS, _QUERIES)
    if not seen.granted:
        msg = f"none of {seen.asked} queries was granted: {seen.detail or 'all were refused'}"
        raise CannotLookError(msg)
    within = seen.epsilon_spent <= seen.budget * (1 + _ROUNDING)
    if within and not seen.refused:
        msg = f"{seen.granted} of {seen.asked} queries did not reach the budget of {seen.budget:g}: {seen.detail}"
        raise CannotLookError(msg)
    yield Finding(
        subject=f"{seen.asked} queries over {_CLIENTS} connections",
        ok=within,
        message=(
            f"{seen.granted} granted, {seen.refused} refused, {seen.other} otherwise; the granted ones cost epsilon"
            f" {seen.epsilon_spent:.4f} of a budget of {seen.budget:.4f}"
        ),
        remedy="reserve each query's cost durably before its answer leaves, under a lock per user, and refuse what does"
        " not fit",
        evidence=f"{seen}",
    )
    yield Finding(
        subject="the ledger's own account",
        ok=seen.epsilon_reported >= seen.epsilon_spent * (1 - _ROUNDING),
        message=f"reports epsilon {seen.epsilon_reported:.4f} spent; the granted queries cost {seen.epsilon_spent:.4f}",
        remedy="charge every answer that left, by the same accountant that the claim is stated in",
        evidence=f"{seen}",
    )
