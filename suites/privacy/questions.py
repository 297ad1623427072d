"""The questions of `truth.toml`: how dp-accounting, the product and a closed form each answer them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dp_accounting import (
    ComposedDpEvent,
    DpEvent,
    GaussianDpEvent,
    LaplaceDpEvent,
    NeighboringRelation,
    PoissonSampledDpEvent,
    PrivacyAccountant,
    RandomizedResponseDpEvent,
    SelfComposedDpEvent,
    calibrate_dp_mechanism,
)
from dp_accounting.gaussian_mechanism import get_epsilon_gaussian, get_sigma_gaussian
from dp_accounting.pld import PLDAccountant, accountant
from dp_accounting.pld.common import DifferentialPrivacyParameters
from dp_accounting.rdp import RdpAccountant, compute_epsilon

from fixtures.reference.router.privacy.accountant import epsilon_of
from fixtures.reference.router.privacy.calibration import (
    analytic_epsilon,
    analytic_multiplier,
    rdp_epsilon,
    rdp_multiplier,
)
from suites.privacy import closed_forms as closed

Answer = Callable[..., float]
_REPLACE = NeighboringRelation.REPLACE_ONE


@dataclass(frozen=True)
class Question:
    """Who can answer it; `row` passes the row's parameters by name."""

    library: Answer
    product: tuple[Answer, ...] = ()
    formula: Answer | None = None


def _times(event: DpEvent, count: int) -> DpEvent:
    return event if count == 1 else SelfComposedDpEvent(event, count)


def _epsilon(made: PrivacyAccountant, event: DpEvent, delta: float) -> float:
    return float(made.compose(event).get_epsilon(delta))


def _delta(made: PrivacyAccountant, event: DpEvent, epsilon: float) -> float:
    return float(made.compose(event).get_delta(epsilon))


def _divergence(
    event: DpEvent, order: float, relation: NeighboringRelation = NeighboringRelation.ADD_OR_REMOVE_ONE
) -> float:
    made = RdpAccountant([order], relation).compose(event)
    return float(made._rdp[0])  # noqa: SLF001  what its own tests read, too: there is no other way to a divergence


def _sampled(q: float, sigma: float, steps: int) -> DpEvent:
    return _times(PoissonSampledDpEvent(q, GaussianDpEvent(sigma)), steps)


def _classic(q: float, sigma: float, steps: int, delta: float) -> float:
    orders = closed.CLASSIC_ORDERS
    made = RdpAccountant(list(orders)).compose(_sampled(q, sigma, steps))
    return closed.converted_classically(orders, made._rdp, delta)  # noqa: SLF001  see `_divergence`


def _responses(per_query: float, queries: int, epsilon: float) -> float:
    # One event after the other: PLDAccountant of dp-accounting 0.6.0 takes SelfComposedDpEvent of this mechanism for
    # one.
    event = RandomizedResponseDpEvent(2 / (1 + math.exp(per_query)), 2)
    return _delta(PLDAccountant(_REPLACE), ComposedDpEvent([event] * queries), epsilon)


def _composed(epsilon: float, delta: float, queries: int, total_delta: float) -> float:
    found = accountant.advanced_composition(DifferentialPrivacyParameters(epsilon, delta), queries, total_delta)
    return float(found or 0.0)


def _laplace_scale(epsilon: float, delta: float, queries: int) -> float:
    return float(accountant.get_smallest_laplace_noise(DifferentialPrivacyParameters(epsilon, delta), queries))


def _sampled_sigma(q: float, epsilon: float, delta: float) -> float:
    claim = DifferentialPrivacyParameters(epsilon, delta)
    return float(accountant.get_smallest_subsampled_gaussian_noise(claim, 1, sampling_prob=q))


def _fine_rdp(sigma: float, delta: float) -> float:
    orders = [thousandth / 1000 for thousandth in range(1001, 100_000)]
    return _epsilon(RdpAccountant(orders), GaussianDpEvent(sigma), delta)


def _pure(divergence: float, delta: float) -> float:
    orders = list(range(2, 33))
    return float(compute_epsilon(orders, [divergence] * len(orders), delta)[0])


def _pure_formula(divergence: float, delta: float) -> float:
    orders = list(range(2, 33))
    return closed.converted(orders, [divergence] * len(orders), delta)


QUESTIONS: Mapping[str, Question] = {
    "gaussian epsilon, analytic": Question(
        lambda sigma, delta, releases=1: get_epsilon_gaussian(sigma / releases**0.5, delta),
        (lambda sigma, delta, releases=1: analytic_epsilon(sigma / releases**0.5, delta),),
        lambda sigma, delta, releases=1: closed.gaussian_epsilon(sigma / releases**0.5, delta),
    ),
    "gaussian sigma, analytic": Question(
        lambda epsilon, delta: float(get_sigma_gaussian(epsilon, delta)), (analytic_multiplier,), closed.gaussian_sigma
    ),
    "gaussian delta, by PLD": Question(
        lambda sigma, epsilon, releases=1: _delta(PLDAccountant(), _times(GaussianDpEvent(sigma), releases), epsilon),
        (),
        lambda sigma, epsilon, releases=1: closed.gaussian_delta_integrated(sigma / releases**0.5, epsilon),
    ),
    "gaussian epsilon, by PLD": Question(
        lambda sigma, delta, releases=1: _epsilon(PLDAccountant(), _times(GaussianDpEvent(sigma), releases), delta),
        (lambda sigma, delta, releases=1: analytic_epsilon(sigma / releases**0.5, delta),),
        lambda sigma, delta, releases=1: closed.gaussian_epsilon(sigma / releases**0.5, delta),
    ),
    "gaussian epsilon, by RDP": Question(
        lambda sigma, delta, releases=1: _epsilon(RdpAccountant(), _times(GaussianDpEvent(sigma), releases), delta),
        (
            lambda sigma, delta, releases=1: rdp_epsilon(sigma, delta, releases),
            lambda sigma, delta, releases=1: epsilon_of(((sigma, releases),), delta),
        ),
        closed.gaussian_rdp_epsilon,
    ),
    "gaussian sigma, by RDP": Question(
        lambda epsilon, delta: calibrate_dp_mechanism(RdpAccountant, GaussianDpEvent, epsilon, delta, tol=1e-8),
        (rdp_multiplier,),
        closed.gaussian_rdp_sigma,
    ),
    "gaussian epsilon, by RDP at orders 0.001 apart": Question(_fine_rdp),
    "pure RDP at orders 2 to 32": Question(_pure, (), _pure_formula),
    "laplace epsilon, by PLD": Question(
        lambda b, delta: _epsilon(PLDAccountant(), LaplaceDpEvent(b), delta), (), closed.laplace_epsilon
    ),
    "laplace epsilon, composed purely": Question(
        lambda b, releases: _epsilon(RdpAccountant([1e10]), _times(LaplaceDpEvent(b), releases), 1e-10),
        (),
        lambda b, releases: releases / b,
    ),
    "laplace divergence": Question(lambda b, order: _divergence(LaplaceDpEvent(b), order), (), closed.laplace_rdp),
    "laplace scale, by PLD": Question(_laplace_scale),
    "response epsilon, by PLD": Question(
        lambda noise, buckets: _epsilon(PLDAccountant(_REPLACE), RandomizedResponseDpEvent(noise, buckets), 1e-9),
        (),
        closed.response_epsilon,
    ),
    "response divergence": Question(
        lambda noise, buckets, order: _divergence(RandomizedResponseDpEvent(noise, buckets), order, _REPLACE),
        (),
        closed.response_rdp,
    ),
    "response delta, composed by PLD": Question(_responses, (), closed.response_delta),
    "advanced composition": Question(_composed, (), closed.advanced_composition),
    "sampled gaussian sigma, by PLD": Question(_sampled_sigma),
    "sampled gaussian delta, one step": Question(
        lambda q, sigma, epsilon: _delta(PLDAccountant(), _sampled(q, sigma, 1), epsilon), (), closed.sampled_delta
    ),
    "sampled gaussian divergence": Question(
        lambda q, sigma, steps, order: _divergence(_sampled(q, sigma, steps), order),
        (),
        lambda q, sigma, steps, order: steps * closed.sampled_rdp(q, sigma, order),
    ),
    "DP-SGD epsilon, by RDP": Question(
        lambda q, sigma, steps, delta: _epsilon(RdpAccountant(), _sampled(q, sigma, steps), delta),
        (),
        closed.sgd_rdp_epsilon,
    ),
    "DP-SGD epsilon, by RDP before 2020": Question(_classic, (), closed.sgd_classic_epsilon),
    "DP-SGD epsilon, by PLD": Question(
        lambda q, sigma, steps, delta: _epsilon(PLDAccountant(), _sampled(q, sigma, steps), delta),
        (),
        closed.sgd_tight_epsilon,
    ),
}
