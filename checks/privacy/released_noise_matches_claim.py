"""The noise in what is released is at least what every component claims (NIST SP 800-226 section 4; 45 CFR 164.514(b)).

The tests of ``checks/noise.py`` share ``policy.privacy.alpha``: the noise's variance, its distribution, and how often
one value repeats. More noise than claimed passes. "Not refuted" is no proof; the message says what could have been
seen.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from checks import noise as judge
from checks.lab import Lab, MechanismFlaws
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.targets import Mechanism

_SAMPLES = 3072
_SEED = 20261121


def _sigma_halved(lab: Lab) -> Mechanism:
    halved = {"privacy.noise_multiplier": 38.6, "privacy.epsilon": 0.11}  # which a node starts with
    return lab.build(MechanismFlaws(served=halved))


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "hipaa:164.514(b)"),
    violations=(_sigma_halved,),
)
def released_noise_matches_claim(mechanism: Mechanism, policy: Policy) -> Iterator[Finding]:
    """One finding per test, against the largest noise multiplier that any component claims."""
    claims = mechanism.claims()
    law, claimed = judge.law_of(claims), max(claim.noise_multiplier for claim in claims)
    noise = mechanism.sample(_SAMPLES, _SEED)
    if noise.shape != (_SAMPLES,) or not np.isfinite(noise).all():
        msg = f"expected {_SAMPLES} finite samples, got an array of shape {noise.shape}"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    alpha = policy.privacy.alpha / judge.TESTS
    centre = f"mean {float(noise.mean()):.3f}, standard deviation {float(noise.std(ddof=1)):.3f}"
    extremes = f"smallest {float(noise.min()):g}, largest {float(noise.max()):g}"
    for tested in judge.noise_tests(noise, claimed, alpha, law):
        verdict = f"{'not refuted' if tested.ok else 'refuted'} at alpha {alpha:.2g}"
        yield Finding(
            subject=f"{tested.name} of the noise",
            ok=tested.ok,
            message=f"{verdict} with {noise.size} samples (seed {_SEED}): {tested.seen}",
            remedy=(
                "restart every component that draws noise with the settings that it claims, and look for a build that"
                " scales the noise by the wrong sensitivity"
            ),
            evidence=f"{centre}, {extremes}",
        )
