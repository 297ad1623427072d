"""What a claim's noise really costs: figures that are known, and what neighbours by substitution change about them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks import dp_cost as cost
from checks.model import CannotLookError
from checks.targets import PrivacyClaim

pytestmark = pytest.mark.unit
GAUSSIAN = PrivacyClaim("node", "gaussian", 0.05, 1e-6, None, 77.2, None)
LAPLACE = replace(GAUSSIAN, mechanism="laplace", noise_multiplier=20.0)


def test_the_published_sigma_costs_62_times_its_claim() -> None:
    """Sigma 1.5 at delta 1e-6, by the analytic Gaussian mechanism and by an RDP accountant at default orders."""
    published = replace(GAUSSIAN, noise_multiplier=1.5)
    assert cost.exact_epsilon(published) == pytest.approx(3.0976, abs=1e-4)
    assert cost.booked_epsilon(published) == pytest.approx(3.3187, abs=1e-4)
    assert cost.affordable(published, 5.0) == 2


@pytest.mark.parametrize(
    ("claim", "needed"), [(GAUSSIAN, 69.2712), (LAPLACE, 20.0)], ids=lambda c: getattr(c, "mechanism", "")
)
def test_substitution_needs_twice_the_noise(claim: PrivacyClaim, needed: float) -> None:
    """And what is needed is enough, and hardly more than enough."""
    assert cost.needed_multiplier(claim) == pytest.approx(needed, abs=1e-3)
    other = replace(claim, adjacency="substitute")
    assert cost.needed_multiplier(other) == pytest.approx(2 * cost.needed_multiplier(claim))
    for either in (claim, other):
        enough = replace(either, noise_multiplier=cost.needed_multiplier(either))
        assert cost.exact_epsilon(enough) == pytest.approx(claim.epsilon, rel=1e-4)
        assert cost.exact_epsilon(replace(enough, noise_multiplier=0.99 * enough.noise_multiplier)) > claim.epsilon


def test_the_reference_budget_is_used_to_nine_tenths() -> None:
    """5,519 releases, whose exact epsilon together is 93.6 % of the budget: what an RDP accountant loses is the
    rest.
    """
    releases = cost.affordable(GAUSSIAN, 5.0)
    assert releases == 5519
    assert cost.exact_epsilon(GAUSSIAN, releases) / 5.0 == pytest.approx(0.9355, abs=1e-4)
    assert cost.booked_epsilon(GAUSSIAN, releases) <= 5.0 < cost.booked_epsilon(GAUSSIAN, releases + 1)


def test_laplace_releases_cost_no_more_than_their_sum() -> None:
    """And by the exact loss distribution less than that when they are many."""
    assert cost.exact_epsilon(LAPLACE) == 0.05
    assert cost.exact_epsilon(LAPLACE, 2) <= 0.1
    assert cost.exact_epsilon(LAPLACE, 200) < 0.5 * 200 * 0.05


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"mechanism": "exponential"}, "declares the mechanism exponential"),
        ({"adjacency": "edit"}, "declares the adjacency edit"),
    ],
    ids=["mechanism", "adjacency"],
)
def test_what_is_not_known_is_not_judged(changed: dict[str, str], sentence: str) -> None:
    claim = PrivacyClaim(**{**vars(GAUSSIAN), **changed})
    with pytest.raises(CannotLookError, match=sentence):
        cost.refuse_unknown(claim)
