"""Whether noise is at least as large as claimed: three one-sided tests, each of which errs with chance ``alpha`` at
most.

- Size: the sample's variance against chi-square (Gaussian), or the sum of its magnitudes (Laplace).
- Distribution: of the magnitudes, against the claimed law, by the Dvoretzky-Kiefer-Wolfowitz bound with Massart's
  constant (https://doi.org/10.1214/aop/1176990746); it also sees a minority of releases that carry no noise.
- Repetition: how often one very value occurs. Of n values, the expected number of groups of k equal ones is ``C(n, k) *
  sum p**k`` over the law's probabilities p, which bounds the chance that there is one (Markov's inequality).

More noise than claimed passes. "Not refuted" is no proof; each sentence says what the samples could have seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.model import CannotLookError
from checks.targets import PrivacyClaim

LAWS = ("gaussian", "laplace")
TESTS = 3
Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NoiseTest:
    """One test: what it looks at, whether the noise stood it, and what was seen, in words."""

    name: str
    ok: bool
    seen: str


def noise_tests(noise: Samples, claimed: float, alpha: float, law: str = "gaussian") -> tuple[NoiseTest, ...]:
    """Test noise against a claim.

    Args:
        noise: shape (n,), in units of the query's sensitivity; drawn on integers, or on a finer lattice.
        claimed: standard deviation (Gaussian) or scale (Laplace), in the same units; 1 or more.
        alpha: of each test.
        law: one of `LAWS`.
    """
    size = _gaussian_size if law == "gaussian" else _laplace_size
    return (
        size(noise, claimed, alpha),
        _distribution(noise, claimed, alpha, law),
        _repetition(noise, claimed, alpha, law),
    )


def law_of(claims: Sequence[PrivacyClaim]) -> str:
    """The law that all claims share.

    Raises:
        CannotLookError: they share none, or one that is not among `LAWS`.
    """
    named = {claim.mechanism for claim in claims}
    if len(named) != 1 or not named <= set(LAWS):
        mechanism = " and ".join(sorted(named)) or "(none)"
        msg = f"noise of the mechanism {mechanism} cannot be judged, only one of {', '.join(LAWS)}"
        raise CannotLookError(msg)
    return named.pop()


def _gaussian_size(noise: Samples, claimed: float, alpha: float) -> NoiseTest:
    from scipy.stats import chi2  # noqa: PLC0415  one second, only when asked

    freedom = noise.size - 1
    statistic = freedom * float(np.var(noise, ddof=1)) / claimed**2
    chance = float(chi2.cdf(statistic, freedom))
    least = math.sqrt(float(chi2.ppf(alpha, freedom)) / freedom)
    seen = float(np.std(noise, ddof=1))
    share = f"standard deviation {seen:.2f}, {seen / claimed:.0%} of the {claimed:g} that is claimed"
    test = f"chi-square {statistic:.1f}, chance {chance:.2g}; less than {least * claimed:.2f} would be refuted"
    return NoiseTest("variance", chance >= alpha, f"{share} ({test})")


def _laplace_size(noise: Samples, claimed: float, alpha: float) -> NoiseTest:
    from scipy.stats import chi2  # noqa: PLC0415

    freedom = 2 * noise.size  # twice a sum of n exponentials is chi-square with 2n degrees of freedom
    statistic = 2 * float(np.sum(np.abs(noise) + 0.5)) / claimed  # on integers a magnitude may be half a step short
    chance = float(chi2.cdf(statistic, freedom))
    least = float(chi2.ppf(alpha, freedom)) / freedom
    seen = float(np.mean(np.abs(noise)))
    share = f"mean magnitude {seen:.2f}, {seen / claimed:.0%} of the {claimed:g} that is claimed"
    test = f"chi-square {statistic:.1f}, chance {chance:.2g}; less than {least * claimed:.2f} would be refuted"
    return NoiseTest("variance", chance >= alpha, f"{share} ({test})")


def _distribution(noise: Samples, claimed: float, alpha: float, law: str) -> NoiseTest:
    from scipy.stats import norm  # noqa: PLC0415

    size = np.sort(np.abs(noise))
    # the noise may be drawn on integers: half a step more is within its cell
    reached = (size + 0.5) / claimed
    expected = 2 * norm.cdf(reached) - 1 if law == "gaussian" else -np.expm1(-reached)
    excess = float(np.max(np.arange(1, size.size + 1) / size.size - expected))
    allowed = math.sqrt(math.log(1 / alpha) / (2 * size.size))
    return NoiseTest(
        "distribution",
        excess <= allowed,
        f"small noise is more frequent than claimed by {excess:.4f}, where chance allows {allowed:.4f}",
    )


def _repetition(noise: Samples, claimed: float, alpha: float, law: str) -> NoiseTest:
    values, counts = np.unique(noise, return_counts=True)
    often, value = int(counts.max()), float(values[counts.argmax()])
    allowed = most_repeated(noise.size, claimed, alpha, law)
    return NoiseTest(
        "repetition",
        often <= allowed,
        f"the value {value:g} came {often} times out of {noise.size}, where chance allows {allowed}",
    )


def most_repeated(size: int, claimed: float, alpha: float, law: str = "gaussian") -> int:
    """How often one value may occur among ``size`` noisy integers, but for a chance of ``alpha``."""
    for group in range(2, size + 1):
        choose = math.lgamma(size + 1) - math.lgamma(group + 1) - math.lgamma(size - group + 1)
        if law == "gaussian":  # sum of p**k for a normal of scale s on integers: (s sqrt(2 pi)) ** (1 - k) / sqrt(k)
            powers = (1 - group) * math.log(claimed * math.sqrt(2 * math.pi)) - math.log(group) / 2
        else:  # and for a Laplace of scale b: (2 b) ** (1 - k) / k
            powers = (1 - group) * math.log(2 * claimed) - math.log(group)
        if choose + powers <= math.log(alpha):
            return group - 1
    return size
