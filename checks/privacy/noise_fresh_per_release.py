"""A query that is asked again as a new release gets new noise (NIST SP 800-226 section 4; GDPR article 25).

Noise that is drawn once per query and remembered makes the cost of an answer depend on who asked before, lets two
callers find out that they asked the same, and cancels out between queries that share it: the difference of two
remembered answers about nested cohorts is more exact than any accountant books. A repeated Idempotency-Key is no new
release, so every request here has a key of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from checks.lab import Lab, MechanismFlaws
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.targets import Mechanism, Repetition

_TIMES = 6


def _nodes_answers_remembered(lab: Lab) -> Mechanism:
    return lab.build(MechanismFlaws(cached="nodes"))


def _applications_answers_remembered(lab: Lab) -> Mechanism:
    return lab.build(MechanismFlaws(cached="application"))


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "gdpr:25", "hipaa:164.514(b)"),
    violations=(_nodes_answers_remembered, _applications_answers_remembered),
)
def noise_fresh_per_release(mechanism: Mechanism, policy: Policy) -> Iterator[Finding]:
    """One finding per node, and one for the application in front of them."""
    claimed = min(claim.noise_multiplier for claim in mechanism.claims())
    for seen in mechanism.repeat(_TIMES):
        chance = _chance(seen, claimed)
        if chance > policy.privacy.alpha:
            msg = f"{seen.source}: {len(seen.answers)} answers of so few values may agree by chance ({chance:.2g})"
            raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
        times, same = len(seen.answers), max(Counter(seen.answers).values())
        repeated = (
            f"the same answer {same} times out of {times}: noise is drawn once per query, not once per release (fresh"
            f" noise would do that with a chance of {chance:.2g}, alpha is {policy.privacy.alpha:g})"
        )
        yield Finding(
            subject=f"{seen.source}, one query {times} times",
            ok=same == 1,
            message=f"{times} answers, no two alike" if same == 1 else repeated,
            remedy=(
                "draw noise for every release; take away what remembers answers between the node's noise and its"
                " callers, and what seeds the generator from the query"
            ),
            evidence="\n".join(", ".join(f"{value:g}" for value in answer[:8]) for answer in seen.answers),
        )


def _chance(seen: Repetition, claimed: float) -> float:
    """At most the chance that two fresh answers agree: two normals of scale s agree on integers with 1 / (2 s
    sqrt(pi)).
    """
    pairs, values = math.comb(len(seen.answers), 2), min(len(answer) for answer in seen.answers)
    return pairs * min(1.0, 1 / (2 * claimed * math.sqrt(math.pi))) ** values
