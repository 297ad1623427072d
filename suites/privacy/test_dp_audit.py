"""The auditor itself: its bounds hold, it repeats itself, and it says clearly what it cannot audit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from checks.dp_audit import bounds
from checks.dp_audit.audit import audit
from checks.dp_audit.columns import lowest_bit
from checks.dp_audit.independence import constant
from checks.dp_audit.model import AuditOutcome, AuditPlan, Claim, Floats, Hits, MechanismError, Pair
from checks.dp_audit.neighbours import Adjacency, patterns
from fixtures.reference.router.privacy.calibration import analytic_epsilon, analytic_multiplier
from suites.privacy.zoo.specimen import grid

ONE = (Pair("none and one", (0.0,), (1.0,)),)
PUBLISHED = Claim(0.05, 1e-6)


def gaussian(sigma: float, values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """A count with discretised Gaussian noise, as a node releases it."""
    return np.asarray(np.round(values[0] + rng.normal(0, sigma, size)))


@pytest.mark.parametrize(("hits", "samples"), [(0, 50), (1, 50), (25, 50), (50, 50), (3, 100_000)])
def test_bounds_are_clopper_pearsons(hits: int, samples: int) -> None:
    exact = binomtest(hits, samples).proportion_ci(confidence_level=0.98, method="exact")

    assert bounds.lower(hits, samples, 0.01) == pytest.approx(exact.low, abs=1e-12)
    assert bounds.upper(hits, samples, 0.01) == pytest.approx(exact.high, abs=1e-12)


def test_a_certified_bound_is_the_ratio_of_the_bounds() -> None:
    bound = bounds.certify(Hits(700, 200, 1000, 1000), delta=0.01, alpha=0.05)
    likely, unlikely = bounds.lower(700, 1000, 0.025), bounds.upper(200, 1000, 0.025)

    assert bound.epsilon == pytest.approx(math.log((likely - 0.01) / unlikely))


def test_nothing_is_certified_below_delta() -> None:
    assert bounds.certify(Hits(5, 0, 1000, 1000), delta=0.1, alpha=0.05).epsilon == 0
    assert bounds.certify(Hits(0, 0, 1000, 1000), delta=0, alpha=0.05).epsilon == 0


def test_without_delta_the_share_of_the_hits_bounds_the_ratio() -> None:
    bound = bounds.certify(Hits(700, 200, 1010, 990), delta=0, alpha=0.05)
    share = binomtest(700, 900).proportion_ci(confidence_level=0.9, method="exact").low

    assert bound.epsilon == pytest.approx(math.log(share / (1 - share)))


@pytest.mark.parametrize(("epsilon", "likely", "delta"), [(0.5, 0.6, 0.0), (0.1, 0.03, 0.0), (0.2, 0.5, 0.01)])
def test_a_true_epsilon_is_overrun_no_more_often_than_alpha_says(epsilon: float, likely: float, delta: float) -> None:
    unlikely, alpha, audits = (likely - delta) / math.exp(epsilon), 0.05, 4000
    chance = np.random.default_rng(11)
    wrong = 0
    for _ in range(audits):
        sizes = chance.poisson(2000, 2) if delta == 0 else (2000, 2000)
        hits = Hits(int(chance.binomial(sizes[0], likely)), int(chance.binomial(sizes[1], unlikely)), *map(int, sizes))
        wrong += bounds.certify(hits, delta=delta, alpha=alpha).epsilon > epsilon

    assert binomtest(wrong, audits, alpha, alternative="greater").pvalue > 1e-4
    assert wrong > 0


@pytest.mark.parametrize("sigma", [0.8, 1.5, 69.27, 43_526.0])
def test_epsilon_of_mu_is_that_of_the_analytic_gaussian(sigma: float) -> None:
    assert bounds.gaussian_epsilon(1 / sigma, 1e-6) == pytest.approx(analytic_epsilon(sigma, 1e-6), rel=1e-6)


def test_what_could_have_been_detected_is_detected() -> None:
    """Randomized response with just that epsilon is refuted in about 95 of 100 audits."""
    samples, alpha = 4000, 1e-3
    epsilon = bounds.detectable_epsilon(0.5, samples, alpha)
    honest = 1 / (1 + math.exp(-epsilon))
    chance = np.random.default_rng(7)
    refuted = 0
    for _ in range(1000):
        sizes = [int(n) for n in chance.poisson(samples, 2)]
        hits = [int(chance.binomial(n, p)) for n, p in zip(sizes, (honest, 1 - honest), strict=True)]
        refuted += bounds.certify(Hits(*hits, *sizes), delta=0, alpha=alpha).epsilon > 0.5

    assert 900 <= refuted <= 995


def test_the_lowest_bit_of_a_double() -> None:
    seen = lowest_bit(np.array([1.5, 24.0, -0.375, 2.0**-60, 0.0]))

    assert seen.tolist() == [-1, 3, -3, -60, 1100]


def test_the_published_configuration_is_refuted_with_a_thousand_samples() -> None:
    settings = AuditPlan(1000, alpha=1e-6, seed=1, gaussian=True)
    verdict = audit(lambda v, n, r: gaussian(1.5, v, n, r), PUBLISHED, ONE, settings)

    assert verdict.outcome is AuditOutcome.REFUTED
    assert verdict.bound.mu is not None
    assert 0.05 < bounds.gaussian_epsilon(verdict.bound.mu, 1e-6) < 3.0976


def test_the_sigma_that_is_needed_is_not_refuted_with_four_million_samples() -> None:
    sigma = analytic_multiplier(0.05, 1e-6)
    settings = AuditPlan(4_000_000, alpha=1e-6, seed=1, gaussian=True)
    verdict = audit(lambda v, n, r: gaussian(sigma, v, n, r), PUBLISHED, ONE, settings)

    assert sigma == pytest.approx(69.27, abs=0.005)
    assert verdict.outcome is AuditOutcome.NOT_REFUTED
    assert verdict.detectable_epsilon < 0.06


def test_too_few_samples_decide_nothing() -> None:
    verdict = audit(lambda v, n, r: gaussian(69.27, v, n, r), PUBLISHED, ONE, AuditPlan(200, alpha=1e-6, seed=1))

    assert verdict.outcome is AuditOutcome.UNDECIDED
    assert "draw more samples" in verdict.explanation


def test_the_same_seed_gives_the_same_verdict() -> None:
    def again(seed: int) -> object:
        return audit(
            lambda v, n, r: grid(v + r.laplace(0, 1, (n, 3))),
            Claim(1),
            patterns(Adjacency.ENTRY, 3),
            AuditPlan(20_000, alpha=0.01, seed=seed),
        )

    assert again(5) == again(5)
    assert again(5) != again(6)


def test_the_curve_ends_at_the_certified_bound() -> None:
    settings = AuditPlan(500_000, alpha=1e-6, seed=1)
    verdict = audit(lambda v, n, r: gaussian(2, v, n, r), Claim(0.1, 1e-6), ONE, settings)

    assert verdict.curve[-1] == (verdict.bound.hits.of_likely, verdict.bound.epsilon)
    assert [n for n, _ in verdict.curve] == sorted({n for n, _ in verdict.curve})


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (lambda _v, n, _r: np.zeros(n + 1), "must return 200 outputs"),
        (lambda _v, n, _r: np.zeros((n, 2, 2)), "must return 200 outputs"),
        (lambda _v, n, _r: np.full(n, np.nan), "returned NaN"),
        (lambda _v, n, _r: np.full(n, np.inf), "returned infinity"),
        (lambda _v, _n, _r: "noise", "sample raised ValueError"),
        (lambda v, _n, _r: 1 / v.size / (v[0] - v[0]), "must return 200 outputs"),
        (lambda v, n, _r: np.zeros((n, int(v[0]) + 1)), "the length itself tells them apart"),
    ],
    ids=["length", "dimensions", "nan", "infinity", "text", "scalar", "length by input"],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_cannot_be_audited_is_named(answer: object, complaint: str) -> None:
    with pytest.raises(MechanismError, match=complaint):
        audit(answer, Claim(1), ONE, AuditPlan(1000, alpha=0.01, seed=1))  # type: ignore[arg-type]


def test_an_exception_inside_the_mechanism_is_named() -> None:
    def broken(values: Floats, size: int, rng: np.random.Generator) -> Floats:
        del size, rng
        msg = f"no such patient: {values[0]:g}"
        raise LookupError(msg)

    with pytest.raises(MechanismError, match=r"sample raised LookupError for \[0.0\]: no such patient: 0"):
        audit(broken, Claim(1), ONE, AuditPlan(1000, alpha=0.01, seed=1))


def test_a_constant_mechanism_is_noticed() -> None:
    assert constant(lambda _v, n, _r: np.full(n, 3.0), ONE, seed=1)
    assert not constant(lambda v, n, _r: np.full(n, v[0]), ONE, seed=1)
    assert not constant(lambda v, n, r: gaussian(1, v, n, r), ONE, seed=1)


def test_neighbours_are_neighbours() -> None:
    for length in (1, 2, 5):
        for pair in patterns(Adjacency.ENTRY, length):
            moved = np.abs(np.subtract(pair.first, pair.second))
            assert np.count_nonzero(moved) == 1, pair.name
            assert moved.max() <= 1, pair.name
        for pair in patterns(Adjacency.ENTRIES, length):
            assert np.abs(np.subtract(pair.first, pair.second)).max() <= 1, pair.name
        for pair in patterns(Adjacency.ADD_REMOVE, length):
            assert len(pair.first) == len(pair.second) + 1, pair.name
