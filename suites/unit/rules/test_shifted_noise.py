"""Noise that is moved certifies what it should: never more than is true, and as much as is said to be detectable."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from checks.evaluate import evaluate
from checks.model import Reason, Status
from checks.policy import load_policy
from checks.privacy._shift import ShiftTest
from checks.privacy.released_answers_not_refuted import released_answers_not_refuted
from checks.targets import Mechanism, NodeNoise, PrivacyClaim, ReleasedNoise, Repetition, Spending

pytestmark = pytest.mark.unit
ALPHA, SIZE = 1e-6, 1920
GAUSSIAN = PrivacyClaim("router", "gaussian", 0.05, 1e-6, 5.0, 77.2, 3)
SUBSTITUTED = PrivacyClaim("router", "gaussian", 0.05, 1e-6, 5.0, 154.4, 3, "substitute")
LAPLACE = PrivacyClaim("router", "laplace", 0.05, 0.0, 5.0, 20.0, 3)
CLAIMS = [pytest.param(c, id=f"{c.mechanism} {c.adjacency}") for c in (GAUSSIAN, SUBSTITUTED, LAPLACE)]


def _drawn(claim: PrivacyClaim, scale: float, chance: np.random.Generator) -> npt.NDArray[np.float64]:
    drawn = chance.normal(0, scale, SIZE) if claim.mechanism == "gaussian" else chance.laplace(0, scale, SIZE)
    return np.rint(drawn)


def _scale(claim: PrivacyClaim, epsilon: float) -> float:
    """The noise that loses just this epsilon."""
    moves = 2.0 if claim.adjacency == "substitute" else 1.0
    if claim.mechanism == "laplace":
        return moves / epsilon
    from dp_accounting import get_sigma_gaussian  # noqa: PLC0415  two seconds, only when asked

    return moves * float(get_sigma_gaussian(epsilon, claim.delta))


@pytest.mark.parametrize("claim", CLAIMS)
def test_noise_that_just_keeps_its_claim_is_not_refuted(claim: PrivacyClaim) -> None:
    trial, chance, scale = ShiftTest(claim, ALPHA), np.random.default_rng(3), _scale(claim, claim.epsilon)
    shown = [trial.examine(_drawn(claim, scale, chance)).epsilon for _ in range(50)]
    assert 0.5 * claim.epsilon < float(np.median(shown)) < max(shown) <= claim.epsilon


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_true_claim_is_refuted_no_more_often_than_alpha_says(claim: PrivacyClaim) -> None:
    trial, chance, scale = ShiftTest(claim, 0.2), np.random.default_rng(4), _scale(claim, claim.epsilon)
    wrong = sum(trial.examine(_drawn(claim, scale, chance)).epsilon > claim.epsilon for _ in range(200))
    assert wrong <= 60  # 40 are expected at most; 60 or more of 200 have a chance of 0.0005


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_is_said_to_be_detectable_is_detected(claim: PrivacyClaim) -> None:
    trial, chance = ShiftTest(claim, ALPHA), np.random.default_rng(5)
    scale = _scale(claim, trial.detectable(SIZE))
    found = sum(trial.examine(_drawn(claim, scale, chance)).epsilon > claim.epsilon for _ in range(100))
    assert found >= 90


@pytest.mark.parametrize("claim", CLAIMS)
def test_more_samples_show_finer_losses_and_too_few_nothing(claim: PrivacyClaim) -> None:
    reach = [ShiftTest(claim, ALPHA).detectable(size) for size in (16, 600, 2000, 20_000)]
    assert math.isinf(reach[0])
    assert reach[1] > reach[2] > reach[3] > claim.epsilon


class _Released:
    """A deployment whose application releases this much noise; nothing else may be asked of it."""

    def __init__(self, values: npt.NDArray[np.float64], ended_by: str = "") -> None:
        self._seen = ReleasedNoise("the application", tuple(values), values.size // 64, 1, ended_by)

    def claims(self) -> tuple[PrivacyClaim, ...]:
        return (GAUSSIAN,)

    def released(self, queries: int, users: int) -> ReleasedNoise:
        assert queries * users >= self._seen.answers
        return self._seen

    def sample(self, size: int, seed: int) -> npt.NDArray[np.float64]:
        raise NotImplementedError

    def sample_each(self, size: int, seed: int) -> tuple[NodeNoise, ...]:
        raise NotImplementedError

    def repeat(self, times: int) -> Iterator[Repetition]:
        raise NotImplementedError

    def spend(self, clients: int, queries: int) -> Spending:
        raise NotImplementedError


def _examined(mechanism: Mechanism) -> tuple[Status, Reason | None, str]:
    from checks.catalogue import read  # noqa: PLC0415

    rule = read("privacy/released_answers_not_refuted")
    assert rule.function is released_answers_not_refuted
    result = evaluate(rule, lambda _kind: mechanism, load_policy("default"), target="unit")
    return result.status, result.reason, result.explanation


def test_too_few_answers_are_unknown_with_what_ended_them() -> None:
    status, reason, why = _examined(_Released(np.zeros(64), "the application did not release histogram 2: HTTP 429"))
    assert (status, reason) == (Status.UNKNOWN, Reason.TOO_FEW_SAMPLES)
    assert "64 values in 1 answers" in why
    assert "HTTP 429" in why
