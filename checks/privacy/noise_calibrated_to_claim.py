"""The configured noise gives the epsilon that is claimed, and the claim stays within the policy (NIST SP 800-226
section 4; 45 CFR 164.514(b)).

The judge is the analytic Gaussian mechanism (Balle and Wang 2018, https://arxiv.org/abs/1805.06530), the exact cost of
one release: who fails it breaks the promise for certain. What an RDP accountant would book stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Mechanism, PrivacyClaim


def _published_sigma(lab: Lab) -> Mechanism:
    return lab.mechanism(settings={"privacy.noise_multiplier": 1.5})


def _claim_beyond_policy(lab: Lab) -> Mechanism:
    return lab.mechanism(settings={"privacy.epsilon": 4.0, "privacy.noise_multiplier": 1.5})


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "hipaa:164.514(b)", "gdpr:25"),
    violations=(_published_sigma, _claim_beyond_policy),
)
def noise_calibrated_to_claim(mechanism: Mechanism, policy: Policy) -> Iterator[Finding]:
    """One finding per component on its noise, one on its claim."""
    for claim in mechanism.claims():
        yield _noise(claim)
        yield _bounds(claim, policy)


def _noise(claim: PrivacyClaim) -> Finding:
    from dp_accounting import (  # noqa: PLC0415  two seconds, only when asked
        GaussianDpEvent,
        get_epsilon_gaussian,
        get_sigma_gaussian,
    )
    from dp_accounting.rdp import RdpAccountant  # noqa: PLC0415

    if claim.mechanism != "gaussian":
        msg = f"{claim.source} declares the mechanism {claim.mechanism}: only gaussian can be judged"
        raise CannotLookError(msg)
    real = get_epsilon_gaussian(claim.noise_multiplier, claim.delta)
    needed = get_sigma_gaussian(claim.epsilon, claim.delta)
    booked = RdpAccountant().compose(GaussianDpEvent(claim.noise_multiplier)).get_epsilon(claim.delta)
    return Finding(
        subject=f"{claim.source} noise",
        ok=real <= claim.epsilon,
        message=(
            f"claims epsilon {claim.epsilon:g} at delta {claim.delta:g}; noise multiplier {claim.noise_multiplier:g} gives"
            f" epsilon {real:.4f} (an RDP accountant books {booked:.4f})"
        ),
        remedy=f"set the noise multiplier to at least {needed:.2f} (about 11 % more when an RDP accountant must agree),"
        f" or claim epsilon {real:.4f}",
        evidence=f"{claim}",
    )


def _bounds(claim: PrivacyClaim, policy: Policy) -> Finding:
    limits = policy.privacy
    beyond = [
        f"{name} {value:g} instead of at most {limit:g}"
        for name, value, limit in (
            ("epsilon", claim.epsilon, limits.epsilon),
            ("delta", claim.delta, limits.delta),
            ("budget", claim.budget, limits.budget),
        )
        if value is not None and value > limit
    ]
    if claim.minimum_participants is not None and claim.minimum_participants < limits.minimum_participants:
        beyond.append(f"{claim.minimum_participants} participants instead of at least {limits.minimum_participants}")
    return Finding(
        subject=f"{claim.source} claim",
        ok=not beyond,
        message=f"beyond the policy: {'; '.join(beyond)}" if beyond else "within the policy's bounds",
        remedy="bring the settings within the policy, and calibrate the noise to the new claim",
        evidence=f"{claim}",
    )
