"""No aggregate is released from fewer hospitals than the policy demands (GDPR article 25; NIST SP 800-226 section 4)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Federation


def _two_are_enough(lab: Lab) -> Federation:
    return lab.federation(minimum_participants=2)


@check(
    gate=Gate.FEDERATION,
    severity=Severity.CRITICAL,
    controls=("gdpr:25", "nist-800-226:4", "hipaa:164.514(b)"),
    violations=(_two_are_enough,),
)
def minimum_participants_enforced(federation: Federation, policy: Policy) -> Iterator[Finding]:
    """With enough hospitals an answer must come, or the refusals prove nothing; with one fewer, none may."""
    enough = policy.privacy.minimum_participants
    full = federation.aggregate_with(enough)
    if not full.released:
        msg = f"no aggregate with {full.available} hospitals either: status {full.status}"
        raise CannotLookError(msg)
    fewer = federation.aggregate_with(enough - 1)
    yield Finding(
        subject=f"aggregate over {fewer.available} of at least {enough} hospitals",
        ok=not fewer.released,
        message=f"status {fewer.status}, {'a value was released' if fewer.released else 'nothing was released'}",
        remedy=f"set the minimum number of participants to {enough} and answer 503 below it",
        evidence=f"{full}\n{fewer}",
    )
