"""No aggregate is released from fewer hospitals than the policy demands (GDPR article 25; NIST SP 800-226 section 4).

A hospital takes part by a whole answer in time. One that is gone is easily counted right; so one of the last that are
needed is also made to fail, to answer what is no answer or only part of one, and to be late, while it says that it is
well. Below the minimum the answer is 503: another refusal does not come from this rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.federation._refusals import withheld
from checks.lab import FederationFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Federation

_NO_ANSWERS = {
    "fails": "answers HTTP 500",
    "garbled": "answers what is no JSON",
    "short": "leaves a value out",
    "late": "does not answer in time",
}


def _two_are_enough(lab: Lab) -> Federation:
    return lab.build(FederationFlaws(settings={"privacy.minimum_participants": 2}))


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
    yield _refused(f"{fewer.available} of at least {enough} hospitals", fewer.status, enough, released=fewer.released)
    for answer in federation.beside(tuple(_NO_ANSWERS), honest=enough - 1):
        who = f"{enough - 1} of at least {enough} hospitals and one that {_NO_ANSWERS[answer.behaviour]}"
        yield _refused(who, answer.status, enough, released=answer.value is not None)


def _refused(who: str, status: int, enough: int, *, released: bool) -> Finding:
    if not released:
        withheld(status, f"an aggregate over {who}", "how many hospitals must take part")
    return Finding(
        subject=f"aggregate over {who}",
        ok=not released,
        message=f"status {status}, {'a value was released' if released else 'nothing was released'}",
        remedy=(
            f"set the minimum number of participants to {enough}, count whole answers that came in time and nothing"
            " else, and answer 503 below it"
        ),
        evidence=f"{who}: HTTP {status}",
    )
