"""The noise in what is released is at least what every component claims (NIST SP 800-226 section 4; 45 CFR 164.514(b)).

Two one-sided tests share ``policy.privacy.alpha``: the sample variance against chi-square, and the distribution of the
noise's size against the claimed normal by the Dvoretzky-Kiefer-Wolfowitz bound with Massart's constant
(https://doi.org/10.1214/aop/1176990746), which also sees a minority of releases that carry no noise.
More noise than claimed passes. "Not refuted" is no proof; the message says what the samples could have seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from checks.lab import Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.targets import Mechanism

_SAMPLES = 3072
_SEED = 20261121
_WEAK = 41.5  # sound for epsilon 0.1, so that a node starts with it


def _weaker_noise_in_what_is_served(lab: Lab) -> Mechanism:
    return lab.mechanism(served={"privacy.noise_multiplier": _WEAK, "privacy.epsilon": 0.1})


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("nist-800-226:4", "hipaa:164.514(b)"),
    violations=(_weaker_noise_in_what_is_served,),
)
def released_noise_matches_claim(mechanism: Mechanism, policy: Policy) -> Iterator[Finding]:
    """One finding per test, against the largest noise multiplier that any component claims."""
    claimed = max(claim.noise_multiplier for claim in mechanism.claims())
    noise = mechanism.sample(_SAMPLES, _SEED)
    if noise.shape != (_SAMPLES,) or not np.isfinite(noise).all():
        msg = f"expected {_SAMPLES} finite samples, got an array of shape {noise.shape}"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    alpha = policy.privacy.alpha / 2
    yield _variance(noise, claimed, alpha)
    yield _distribution(noise, claimed, alpha)


def _variance(noise: npt.NDArray[np.float64], claimed: float, alpha: float) -> Finding:
    from scipy.stats import chi2  # noqa: PLC0415  one second, only when asked

    freedom = noise.size - 1
    statistic = freedom * float(np.var(noise, ddof=1)) / claimed**2
    chance = float(chi2.cdf(statistic, freedom))
    least = math.sqrt(float(chi2.ppf(alpha, freedom)) / freedom)
    seen = float(np.std(noise, ddof=1))
    return _finding(
        "variance of the noise", chance >= alpha, noise, alpha,
        f"standard deviation {seen:.2f} where {claimed:g} is claimed (chi-square {statistic:.1f}, chance {chance:.2g};"
        f" less than {least * claimed:.2f} would be refuted)",
    )  # fmt: skip


def _distribution(noise: npt.NDArray[np.float64], claimed: float, alpha: float) -> Finding:
    from scipy.stats import norm  # noqa: PLC0415

    size = np.sort(np.abs(noise))
    # the noise may be drawn on integers: half a step more is within its cell
    expected = 2 * norm.cdf((size + 0.5) / claimed) - 1
    excess = float(np.max(np.arange(1, size.size + 1) / size.size - expected))
    allowed = math.sqrt(math.log(1 / alpha) / (2 * size.size))
    return _finding(
        "distribution of the noise", excess <= allowed, noise, alpha,
        f"small noise is more frequent than claimed by {excess:.4f}, where chance allows {allowed:.4f}",
    )  # fmt: skip


def _finding(subject: str, ok: bool, noise: npt.NDArray[np.float64], alpha: float, seen: str) -> Finding:  # noqa: FBT001
    return Finding(
        subject=subject,
        ok=ok,
        message=f"{'not refuted' if ok else 'refuted'} at alpha {alpha:g} with {noise.size} samples (seed {_SEED}): {seen}",
        remedy="restart every component that draws noise with the settings that it claims, and look for a build that"
        " scales the noise by the wrong sensitivity",
        evidence=f"mean {float(noise.mean()):.3f}, standard deviation {float(noise.std(ddof=1)):.3f},"
        f" smallest {float(noise.min()):g}, largest {float(noise.max()):g}",
    )
