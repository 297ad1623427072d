"""What users really get does not refute the claim (NIST SP 800-226 section 4; 45 CFR 164.514(b)).

An audit of the live endpoint: fresh researchers ask the application itself for histograms over a cohort of nobody, as
often as its limits and their budgets allow, so what is released is noise alone, after everything that the application
did to the nodes' answers. `_shift` says how that noise is two inputs' answers at once, and what it certifies. Users get
the noise of all hospitals together, each of which owes its claim alone, so this refutes noise that is off or far too
weak in most of them, and nothing finer; the message says what so few samples could have shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from checks import dp_cost as cost
from checks import noise as judge
from checks.lab import Lab, MechanismFlaws
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.privacy._shift import ShiftTest
from checks.targets import Mechanism

_QUERIES, _USERS = 30, 2


def _nodes_say_that_they_add_noise(lab: Lab) -> Mechanism:
    return lab.build(MechanismFlaws(noiseless=3))


def _everything_started_with_weak_noise(lab: Lab) -> Mechanism:
    weak = {"privacy.noise_multiplier": 20.0, "privacy.epsilon": 0.25}
    return lab.build(MechanismFlaws(served=weak, served_by_router=True))


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "hipaa:164.514(b)"),
    violations=(_nodes_say_that_they_add_noise, _everything_started_with_weak_noise),
)
def released_answers_not_refuted(mechanism: Mechanism, policy: Policy) -> Iterator[Finding]:
    """One finding, against the strictest claim of any component."""
    claims = mechanism.claims()
    judge.law_of(claims)
    for each in claims:
        cost.refuse_unknown(each)
    claim = max(claims, key=cost.needed_multiplier)
    seen, alpha = mechanism.released(_QUERIES, _USERS), policy.privacy.alpha
    noise = np.asarray(seen.values, dtype=np.float64)
    trial = ShiftTest(claim, alpha)
    shown = trial.examine(noise)
    if math.isinf(shown.detectable):
        how = f"{noise.size} values in {seen.answers} answers could not have refuted any noise"
        msg = f"{how}; {seen.ended_by or 'ask more'}"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    refuted = shown.epsilon > claim.epsilon
    verdict = f"{'refuted' if refuted else 'not refuted'} at alpha {alpha:.2g}"
    event = f"the event, a value of {trial.threshold:g} or more"
    mean, deviation = float(noise.mean()), float(noise.std(ddof=1))
    yield Finding(
        subject=f"{noise.size} values in {seen.answers} answers of {seen.source}",
        ok=not refuted,
        message=(
            f"{verdict}: {event}, holds for {shown.likely} of {shown.size} when {trial.moved} patients are added to"
            f" nobody and for {shown.unlikely} of {shown.size} as they are, which certifies epsilon"
            f" {shown.epsilon:.4f} or more at delta {claim.delta:g}; {claim.epsilon:g} is claimed, and"
            f" {shown.detectable:.4f} is the least that so many values can tell from it"
        ),
        remedy=(
            "ask each node by itself which of them adds too little noise, compare what every component was started"
            " with to its settings file, and look for a build between nodes and users that takes noise away"
        ),
        evidence=(
            f"mean {mean:.3f}, standard deviation {deviation:.3f}, which {trial.needed:.2f} would keep;"
            f" {seen.users} fresh users; {seen.ended_by or 'nothing was refused'}"
        ),
    )
