"""What must hold of every accountant: one function per property, which raises `BrokenError` under its own name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

from dp_accounting import ComposedDpEvent, GaussianDpEvent, SelfComposedDpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.reference.router.privacy.calibration import rdp_multiplier
from suites.privacy.accounts import Accountant, Releases, bounded, require
from suites.privacy.closed_forms import gaussian_epsilon

Property = Callable[[Accountant], None]
_EXAMPLES, _PLD_EXAMPLES = 60, 8  # dp-accounting's PLD takes a tenth of a second
_SAME = 1e-9  # relative
_GRID = 1e-3  # what the discretisation of a privacy loss distribution may add to epsilon
DELTAS = st.sampled_from((1e-6, 1e-5, 1e-9, 1e-3))
MULTIPLIERS = st.floats(0.8, 200.0)


@st.composite
def mixed(draw: st.DrawFn) -> Releases:
    """Releases under up to four different noises."""
    counts = draw(st.dictionaries(MULTIPLIERS, st.integers(1, 60), min_size=1, max_size=4))
    return tuple(sorted(counts.items()))


@cache
def reference(releases: Releases, delta: float) -> float:
    """Epsilon by dp-accounting's RDP, every release composed by itself."""
    events = [GaussianDpEvent(sigma) for sigma, count in releases for _ in range(count)]
    return float(RdpAccountant().compose(ComposedDpEvent(events)).get_epsilon(delta)) if events else 0.0


def composition_equals_rdp(accountant: Accountant) -> None:
    """Epsilon of releases together is what dp-accounting's RDP accountant says, composed one by one."""

    @bounded(_EXAMPLES)
    @given(mixed(), DELTAS)
    @example(((1.5, 100),), 1e-6)
    @example(((77.2, 1),), 1e-6)
    def inner(releases: Releases, delta: float) -> None:
        cost, true = accountant.cost(releases, delta), reference(releases, delta)
        require(
            "composition_equals_rdp",
            math.isclose(cost, true, rel_tol=_SAME, abs_tol=1e-12),
            f"{releases} at {delta:g} cost {cost}, by RDP {true}",
        )

    inner()


def never_below_pld(accountant: Accountant) -> None:
    """Epsilon is never below the tight one: the exact Gaussian trade-off, and dp-accounting's PLD."""

    @bounded(_EXAMPLES)
    @given(mixed(), DELTAS)
    @example(((1.5, 100),), 1e-6)
    def exact(releases: Releases, delta: float) -> None:
        together = sum(count / sigma**2 for sigma, count in releases) ** -0.5
        cost, tight = accountant.cost(releases, delta), gaussian_epsilon(together, delta)
        require("never_below_pld", cost >= tight * (1 - 1e-7), f"{releases} at {delta:g} cost {cost}, exactly {tight}")

    @bounded(_PLD_EXAMPLES)
    @given(st.floats(1.0, 80.0), st.integers(1, 40))
    @example(1.5, 2)
    def by_pld(sigma: float, count: int) -> None:
        event = SelfComposedDpEvent(GaussianDpEvent(sigma), count)
        tight = float(PLDAccountant().compose(event).get_epsilon(1e-6))
        cost = accountant.cost(((sigma, count),), 1e-6)
        require("never_below_pld", cost >= tight - _GRID, f"{count} x sigma {sigma} cost {cost}, by PLD {tight}")

    exact()
    by_pld()


def more_queries_cost_more(accountant: Accountant) -> None:
    """One release more never makes the total smaller."""

    @bounded(_EXAMPLES)
    @given(mixed(), MULTIPLIERS, DELTAS)
    def inner(releases: Releases, sigma: float, delta: float) -> None:
        counts = dict(releases)
        counts[sigma] = counts.get(sigma, 0) + 1
        before, after = accountant.cost(releases, delta), accountant.cost(tuple(sorted(counts.items())), delta)
        require("more_queries_cost_more", after >= before, f"{releases} cost {before}, with sigma {sigma} {after}")

    inner()


def less_noise_costs_more(accountant: Accountant) -> None:
    """Less noise, a larger epsilon per release and a smaller delta never make the total smaller."""

    @bounded(_EXAMPLES)
    @given(MULTIPLIERS, st.floats(1.0, 3.0), st.integers(1, 60), DELTAS)
    def by_noise(sigma: float, factor: float, count: int, delta: float) -> None:
        noisier, noisy = accountant.cost(((sigma * factor, count),), delta), accountant.cost(((sigma, count),), delta)
        require(
            "less_noise_costs_more", noisy >= noisier, f"{count} x sigma {sigma} cost {noisy}, x {factor} {noisier}"
        )
        stricter = accountant.cost(((sigma, count),), delta / factor)
        require("less_noise_costs_more", stricter >= noisy, f"delta {delta / factor} costs {stricter}, {delta} {noisy}")

    @bounded(_EXAMPLES)
    @given(st.floats(0.01, 3.0), st.floats(1.0, 3.0), st.integers(1, 60))
    def by_epsilon(epsilon: float, factor: float, count: int) -> None:
        less, more = (
            accountant.cost(((rdp_multiplier(claim, 1e-6), count),), 1e-6) for claim in (epsilon, epsilon * factor)
        )
        require(
            "less_noise_costs_more", more >= less * (1 - _SAME), f"{count} x {epsilon} cost {less}, x {factor} {more}"
        )

    by_noise()
    by_epsilon()


def claim_is_kept(accountant: Accountant) -> None:
    """One release with the noise that a claim needs costs what was claimed."""

    @bounded(_EXAMPLES)
    @given(st.floats(0.01, 5.0), DELTAS)
    @example(0.05, 1e-6)
    def inner(epsilon: float, delta: float) -> None:
        cost = accountant.cost(((rdp_multiplier(epsilon, delta), 1),), delta)
        require("claim_is_kept", math.isclose(cost, epsilon, rel_tol=1e-6), f"epsilon {epsilon} costs {cost}")

    inner()


def order_does_not_matter(accountant: Accountant) -> None:
    """In whatever order and portions releases are added up, they cost the same."""

    @bounded(_EXAMPLES)
    @given(mixed(), st.randoms(use_true_random=False), DELTAS)
    def inner(releases: Releases, shuffler: object, delta: float) -> None:
        portions = [(sigma, 1) for sigma, count in releases for _ in range(min(count, 5))]
        whole = tuple((sigma, min(count, 5)) for sigma, count in releases)
        shuffler.shuffle(portions)  # type: ignore[attr-defined]
        cost, apart = accountant.cost(whole, delta), accountant.cost(tuple(portions), delta)
        require(
            "order_does_not_matter",
            math.isclose(cost, apart, rel_tol=1e-12, abs_tol=1e-15),
            f"{whole} cost {cost}, added up as {portions} {apart}",
        )

    inner()


PROPERTIES: Sequence[Property] = (
    never_below_pld,
    composition_equals_rdp,
    more_queries_cost_more,
    less_noise_costs_more,
    claim_is_kept,
    order_does_not_matter,
)
