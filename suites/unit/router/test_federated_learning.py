"""FedProx on the public reference problem rests at the closed-form optimum, and no node weighs more than it may."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fixtures.reference.hospital.learning import DIMENSION, RIDGE, LearningStep, ModelUpdate, problem, solve
from fixtures.reference.router.privacy.combining import average

pytestmark = pytest.mark.unit
SEED = 20_260_101
NODES = ("hospital-a", "hospital-b", "hospital-c")
PROXIMAL = 0.5
START = (0.0,) * DIMENSION


def _optimum() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    parts = [problem(SEED, node) for node in NODES]
    rows, targets = np.vstack([p.rows for p in parts]), np.concatenate([p.targets for p in parts])
    gram = rows.T @ rows / len(targets) + RIDGE * np.eye(DIMENSION)
    return np.asarray(np.linalg.solve(gram, rows.T @ targets / len(targets)), dtype=np.float64)


def _round(weights: list[float]) -> list[float]:
    step = LearningStep(weights=tuple(weights), proximal=PROXIMAL)
    return average(weights, [solve(SEED, node, step) for node in NODES], norm=10, patients=5000)


def test_rounds_shorten_the_distance_as_the_curvature_says() -> None:
    """To at most proximal / (proximal + ridge + 0.5) of it each, 0.5 being the smallest eigenvalue."""
    best, weights = _optimum(), list(START)
    for _ in range(12):
        before = math.dist(weights, best)
        weights = _round(weights)
        assert math.dist(weights, best) <= before * PROXIMAL / (PROXIMAL + RIDGE + 0.5) * (1 + 1e-9)
    assert math.dist(weights, best) < 1e-3 * math.hypot(*best)


def test_the_optimum_is_where_a_round_changes_nothing() -> None:
    """Which the optimum of any two of the hospitals is not."""
    best = _optimum()
    assert math.dist(_round(best.tolist()), best) < 1e-12
    assert math.dist(best, _round([w + 0.1 for w in best])) > 1e-2


def test_parts_are_public_the_same_every_time_and_differ_by_name() -> None:
    """Same curvature at every node, different samples and targets."""
    parts = [problem(SEED, node) for node in NODES]
    assert parts == [problem(SEED, node) for node in NODES]
    assert len({part.targets for part in parts}) == len(NODES)
    grams = [np.asarray(p.rows).T @ np.asarray(p.rows) / len(p.targets) for p in parts]
    assert all(np.allclose(gram, grams[0], atol=1e-12) for gram in grams)


def test_a_node_that_claims_samples_or_a_long_way_is_held_back() -> None:
    """Its samples count no more than the largest hospital's, its change no more than the longest."""
    honest = ModelUpdate(node="a", weights=(1.0, 0.0), samples=100)
    boasting = ModelUpdate(node="b", weights=(0.0, 1e9), samples=10**9)
    assert average((0.0, 0.0), [honest, boasting], norm=2.0, patients=100) == pytest.approx([0.5, 1.0])


def test_weights_of_another_dimension_are_refused() -> None:
    with pytest.raises(ValueError, match="the problem has 4 weights, not 2"):
        solve(SEED, NODES[0], LearningStep(weights=(0.0, 0.0), proximal=PROXIMAL))
