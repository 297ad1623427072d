"""The audit that stops: valid whenever one looks, and quick where much is lost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from checks.dp_audit.model import AuditOutcome, AuditPlan, Claim, Floats, Pair, SequentialVerdict
from checks.dp_audit.sequential import audit_sequentially
from checks.dp_audit.wealth import STAKES, implied, payments
from suites.privacy.zoo.catalogue import specimens
from suites.privacy.zoo.specimen import Specimen, grid

ONE = (Pair("none and one", (0.0,), (1.0,)),)
_QUICKLY = {
    "laplace_scale_halved": 1_000,
    "noise_on_one_side": 1_000,
    "geometric_with_doubled_epsilon": 1_000,
    "gaussian_sigma_one_and_a_half": 1_000,
    "noise_rounded_to_the_grid": 1_000,
    "laplace_in_doubles": 1_000,
    "svt_5": 1_000,
    "noisy_max_3": 10_000,
    "gaussian_sigma_halved": 10_000,
}


@pytest.mark.parametrize(("likely", "epsilon", "delta"), [(0.6, 0.5, 0.0), (0.02, 1.0, 0.0), (0.5, 0.2, 0.01)])
def test_a_bet_against_a_true_claim_pays_one_at_most(likely: float, epsilon: float, delta: float) -> None:
    unlikely = (likely - delta) / math.exp(epsilon)
    sides = np.array([[True, True], [True, False], [False, True], [False, False]])
    pays = np.exp(payments(sides[:, 0], sides[:, 1], Claim(epsilon, delta)))
    chances = np.outer((likely, 1 - likely), (unlikely, 1 - unlikely)).ravel()

    assert pays.shape == (4, len(STAKES))
    assert (pays > 0).all()
    assert chances @ pays == pytest.approx(np.ones(len(STAKES)), abs=1e-12)


def test_whenever_one_looks_a_true_claim_is_refuted_no_more_often_than_alpha_says() -> None:
    """Randomized response at just its epsilon, looked at after every output."""
    share, alpha, audits = 1 / (1 + math.exp(-0.5)), 0.05, 400

    def response(values: Floats, size: int, rng: np.random.Generator) -> Floats:
        return np.asarray(np.where(rng.random(size) < share, values[0], 1 - values[0]))

    refuted = sum(
        audit_sequentially(response, Claim(0.5), ONE, AuditPlan(600, alpha, seed)).outcome is AuditOutcome.REFUTED
        for seed in range(audits)
    )

    assert binomtest(refuted, audits, alpha, alternative="greater").pvalue > 1e-4


@pytest.mark.parametrize("name", _QUICKLY)
def test_what_loses_much_is_refuted_quickly(name: str) -> None:
    (wrong,) = (s for s in specimens() if s.name == name)
    verdict = _audited(wrong, 100_000)

    assert verdict.outcome is AuditOutcome.REFUTED
    assert verdict.samples <= _QUICKLY[name]
    assert verdict.wealth >= 1 / verdict.alpha
    assert verdict.likely != verdict.unlikely


@pytest.mark.parametrize("specimen", [s for s in specimens() if not s.wrong], ids=repr)
def test_a_correct_mechanism_is_not_refuted(specimen: Specimen) -> None:
    verdict = _audited(specimen, 3_000)

    assert verdict.outcome is not AuditOutcome.REFUTED, verdict.explanation
    assert verdict.samples == 3_000
    assert max(wealth for _, wealth in verdict.curve) < 1 / verdict.alpha


def test_an_audit_that_saw_too_little_says_what_it_could_have_seen() -> None:
    def laplace(values: Floats, size: int, rng: np.random.Generator) -> Floats:
        return grid(values[0] + rng.laplace(0, 1, size))

    few = audit_sequentially(laplace, Claim(1), ONE, AuditPlan(100, 1e-6, 1))
    many = audit_sequentially(laplace, Claim(1), ONE, AuditPlan(20_000, 1e-6, 1))

    assert few.outcome is AuditOutcome.UNDECIDED
    assert many.outcome is AuditOutcome.NOT_REFUTED
    assert many.smallest_event < 0.02
    assert many.smallest_event < few.smallest_event
    assert 1 < many.detectable_epsilon < 1.3


@pytest.mark.parametrize("rarity", [0.005, 0.02])
def test_an_event_of_the_stated_probability_is_seen(rarity: float) -> None:
    def atom(values: Floats, size: int, rng: np.random.Generator) -> Floats:
        return np.where(rng.random(size) < rarity, values[0] + 0.3, grid(values[0] + rng.laplace(0, 4, size)))

    samples = 20_000
    verdict = audit_sequentially(atom, Claim(0.5), ONE, AuditPlan(samples, 1e-6, 3))

    assert verdict.smallest_event <= rarity
    assert verdict.outcome is AuditOutcome.REFUTED


def test_of_gaussian_noise_the_whole_trade_off_is_claimed() -> None:
    claims = implied(Claim(1.0, 1e-5), gaussian=True)

    assert claims[0] == Claim(1.0, 1e-5)
    assert len(claims) == 4
    assert [c.delta for c in claims[1:]] == sorted((c.delta for c in claims[1:]), reverse=True)
    assert implied(Claim(1.0), gaussian=True) == (Claim(1.0),)


def _audited(specimen: Specimen, samples: int) -> SequentialVerdict:
    settings = AuditPlan(samples, 1e-6, 20261121, gaussian=specimen.gaussian)
    return audit_sequentially(specimen.sample, specimen.claim, specimen.pairs, settings)
