"""Noise is judged against a claim: what is weaker, rarer or repeated is refuted for that reason, what is not stands."""

from __future__ import annotations

import numpy as np
import pytest

from checks import noise as judge
from checks.model import CannotLookError
from checks.targets import PrivacyClaim

pytestmark = pytest.mark.unit
CLAIMED, ALPHA, SIZE, SEED = 77.2, 1e-6, 1024, 20260101


def _drawn(law: str, scale: float) -> judge.Samples:
    chance = np.random.default_rng(SEED)
    drawn = chance.normal(0, scale, SIZE) if law == "gaussian" else chance.laplace(0, scale, SIZE)
    return np.rint(drawn)


def _refuted(noise: judge.Samples, law: str) -> set[str]:
    return {tested.name for tested in judge.noise_tests(noise, CLAIMED, ALPHA, law) if not tested.ok}


@pytest.mark.parametrize("law", judge.LAWS)
@pytest.mark.parametrize("scale", [CLAIMED, 3 * CLAIMED])
def test_noise_as_claimed_or_more_stands(law: str, scale: float) -> None:
    assert _refuted(_drawn(law, scale), law) == set()


@pytest.mark.parametrize("law", judge.LAWS)
def test_half_the_noise_is_refuted(law: str) -> None:
    assert {"variance", "distribution"} <= _refuted(_drawn(law, CLAIMED / 2), law)


def test_a_law_with_the_right_variance_and_the_wrong_shape_is_refuted() -> None:
    """Most answers exact, a few with huge noise: the variance alone would not see it."""
    noise = np.where(np.arange(SIZE) % 10 == 0, _drawn("gaussian", 5 * CLAIMED), 0.0)
    assert _refuted(noise, "gaussian") == {"distribution", "repetition"}


def test_a_value_that_repeats_is_refuted_by_that_alone() -> None:
    """Every twentieth answer is one and the same, and far out."""
    noise = np.where(np.arange(SIZE) % 20 == 0, 200.0, _drawn("gaussian", CLAIMED))
    assert _refuted(noise, "gaussian") == {"repetition"}


def test_repetitions_of_sound_noise_stay_below_what_chance_allows() -> None:
    """And the bound is not so wide that it would allow anything."""
    allowed = judge.most_repeated(SIZE, CLAIMED, ALPHA)
    assert max(np.unique(_drawn("gaussian", CLAIMED), return_counts=True)[1]) <= allowed < SIZE / 20


@pytest.mark.parametrize("named", [("gaussian", "laplace"), ("staircase",), ()])
def test_what_has_no_common_law_cannot_be_judged(named: tuple[str, ...]) -> None:
    claims = [PrivacyClaim("node", law, 0.05, 1e-6, None, CLAIMED, None) for law in named]
    with pytest.raises(CannotLookError, match="cannot be judged"):
        judge.law_of(claims)
