"""The simulated autoscaler against examples worked out by hand, most of them from the Kubernetes documentation.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ ("Algorithm details", "Scaling policies",
"Default behavior"). A replica carries 10 requests/s throughout unless told.
"""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.autoscaler import Autoscaling, Direction, ScalingPolicy
from checks.policy import load_policy
from checks.targets import Latencies, Load, Slice
from loadtests.capacity.autoscaling import (
    Demand,
    demands,
    describe,
    follow,
    simulate,
    summary,
)

pytestmark = pytest.mark.unit
_AT_ONCE = Direction(window_s=0, policies=(ScalingPolicy(percent=100, period_s=15),))
_FREE = Direction(window_s=0, policies=(ScalingPolicy(pods=1000, period_s=15),))


def _rule(**changed: object) -> Autoscaling:
    given_rule = {
        "min_replicas": 1,
        "max_replicas": 100,
        "requests_per_s": 10,
        "start_s": 0,
        "up": _FREE,
        "down": _AT_ONCE,
    }
    return Autoscaling.model_validate(given_rule | changed)


def _asked(*stretches: tuple[int, float]) -> list[Demand]:
    """Demands from (seconds, requests/s)."""
    return [Demand(rate, 0) for seconds, rate in stretches for _ in range(seconds)]


def _path(rule: Autoscaling, *stretches: tuple[int, float], capacity: float = 10) -> list[tuple[int, int]]:
    """(second, replicas) of every change."""
    moments = follow(_asked(*stretches), rule, capacity).moments
    return [(next(group).at_s, replicas) for replicas, group in groupby(moments, lambda moment: moment.replicas)]


def test_twice_the_target_doubles_and_half_of_it_halves() -> None:
    """200m of 100m doubles the replicas, 50m halves them."""
    assert _path(_rule(), (15, 40), (30, 80)) == [(0, 4), (30, 8)]
    assert _path(_rule(), (15, 40), (30, 20)) == [(0, 4), (30, 2)]


@pytest.mark.parametrize(("rate", "replicas"), [(44, 4), (36, 4), (45, 5), (35.5, 4), (29, 3)])
def test_nothing_happens_within_a_tenth_of_the_target(rate: float, replicas: int) -> None:
    assert _path(_rule(), (15, 40), (30, rate))[-1][1] == replicas


def test_the_number_stays_within_its_bounds() -> None:
    rule = _rule(min_replicas=3, max_replicas=6)
    assert _path(rule, (15, 1), (30, 1000), (30, 1)) == [(0, 3), (30, 6), (60, 3)]


def test_the_largest_of_several_metrics_counts() -> None:
    rule = _rule(users=2)
    scaling = follow([Demand(40, 0)] * 15 + [Demand(40, 24)] * 30, rule, 10)
    assert (scaling.moments[0].replicas, scaling.moments[-1].replicas) == (4, 12)


def test_eighty_replicas_shrink_by_a_tenth_a_minute_and_from_forty_on_by_four() -> None:
    """80 - 8 = 72; a tenth of 72 is 7.2, rounded up to 8; below 40 the four pods are more."""
    down = Direction(window_s=0, policies=(ScalingPolicy(pods=4, period_s=60), ScalingPolicy(percent=10, period_s=60)))
    path = _path(_rule(down=down, min_replicas=10), (15, 800), (600, 100))
    assert path == [
        (0, 80),
        (30, 72),
        (90, 64),
        (150, 57),
        (210, 51),
        (270, 45),
        (330, 40),
        (390, 36),
        (450, 32),
        (510, 28),
        (570, 24),
    ]


def test_the_smallest_change_can_be_chosen() -> None:
    """A tenth of 80 is 8, but no more than 5 a minute."""
    policies = (ScalingPolicy(percent=10, period_s=60), ScalingPolicy(pods=5, period_s=60))
    down = Direction(window_s=0, policies=policies, select="min")
    assert _path(_rule(down=down), (15, 800), (90, 100)) == [(0, 80), (30, 75), (90, 70)]


def test_a_direction_can_be_disabled() -> None:
    down = Direction(window_s=0, policies=(ScalingPolicy(percent=100, period_s=15),), select="disabled")
    assert _path(_rule(down=down), (15, 80), (90, 10)) == [(0, 8)]


def test_by_default_it_doubles_or_adds_four_every_fifteen_seconds_and_shrinks_after_five_minutes() -> None:
    rule = Autoscaling(min_replicas=1, max_replicas=30, requests_per_s=10, start_s=0)
    path = _path(rule, (15, 10), (60, 300), (400, 10))
    # 1 + 4 = 5 is more than 2 x 1, 2 x 5 = 10 more than 5 + 4. The last 30 was recommended at 75 s.
    assert path == [(0, 1), (30, 5), (45, 10), (60, 20), (75, 30), (375, 1)]


def test_a_window_on_the_way_up_waits_for_the_demand_to_last() -> None:
    up = Direction(window_s=60, policies=(ScalingPolicy(pods=100, period_s=15),))
    assert _path(_rule(up=up), (15, 10), (120, 50)) == [(0, 1), (75, 5)]
    assert _path(_rule(up=up), (15, 10), (45, 50), (60, 10)) == [(0, 1)]


def test_replicas_that_are_not_ready_count_as_idle_on_the_way_up() -> None:
    """After the first step 2 of 6 replicas serve 60 requests/s: 6 x (60/6)/10 = 6, so no more are asked for."""
    assert _path(_rule(start_s=40), (15, 20), (90, 60)) == [(0, 2), (30, 6)]


def test_a_busy_processor_hides_how_much_more_is_asked() -> None:
    """At most 100 % of 70 %: from 7 replicas to ceil(7 x 1/0.7) = 10, then ceil(10/0.7) = 15, though 50 are needed."""
    rule = _rule(requests_per_s=None, utilisation=0.7)
    assert _path(rule, (15, 49), (45, 500)) == [(0, 7), (30, 10), (45, 15)]


def test_the_time_to_scale_counts_from_the_need_to_enough_ready_replicas() -> None:
    """The need is at 20 s; asked for at 30 s, once the mean of a period shows it, fully at 45 s; ready 20 s later."""
    scaling = follow(_asked((20, 20), (100, 60)), _rule(start_s=20), 10)
    # 15 s to 30 s: (5 x 20 + 10 x 60)/15 = 46.7/s takes 5 replicas. At 45 s 2 of 5 are ready: 6 of 60/s.
    assert [(s.at_s, s.until_s, s.ended) for s in scaling.shortages] == [(20, 65, True)]
    assert (scaling.time_to_scale_s, scaling.short_s, scaling.needed) == (45, 45, 6)
    # 20 s to 50 s: 2 of 6 replicas, 40/s too much; 50 s to 65 s: 5 of 6, 10/s too much.
    assert scaling.beyond == pytest.approx(30 * 40 + 15 * 10)


def test_a_demand_beyond_the_bounds_is_never_met() -> None:
    scaling = follow(_asked((15, 10), (60, 50)), _rule(max_replicas=3), 10)
    assert scaling.time_to_scale_s is None
    assert "5 replicas, more than the 3 that are allowed; there were not enough to the end" in summary(scaling)


def test_a_recorded_load_is_followed_by_its_slices() -> None:
    def piece(second: int, count: int) -> Slice:
        kinds = (
            Latencies("inference.chat", (1.0,), (count,), {}),
            Latencies("inference.chat:first_token", (1.0,), (9,), {}),
        )
        return Slice(float(second), 10 * count, count, kinds)

    slices = (*(piece(second, 2 if second < 10 else 6) for second in range(20)), Slice(20.0, 0, 5, ()))
    load = Load("spike", 60, 20, "", 1, (), 0.0, complete=True, problem="", slices=slices)
    assert demands(load) == (Demand(2, 20),) * 10 + (Demand(6, 60),) * 10
    scaling = simulate(load, _rule(requests_per_s=2), 2)
    assert [(m.at_s, m.replicas) for m in scaling.moments if m.at_s in (0, 14, 15)] == [(0, 1), (14, 1), (15, 2)]
    assert "too few" in describe(scaling)


def test_without_a_record_over_time_there_is_nothing_to_follow() -> None:
    load = Load("gate", 60, 20, "", 1, (), 0.0, complete=True, problem="")
    with pytest.raises(ValueError, match="the load 'gate' has no record over time"):
        simulate(load, _rule(), 10)
    with pytest.raises(ValueError, match="carries nothing"):
        follow(_asked((1, 1)), _rule(), 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"requests_per_s": None}, "needs a metric"),
        ({"min_replicas": 101}, "min_replicas 101 is above max_replicas 100"),
        ({"up": {"window_s": 0, "policies": [{"period_s": 15}]}}, "either a number of pods or per cent"),
    ],
)
def test_an_impossible_rule_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _rule(**changed)


@given(
    rates=st.lists(st.floats(0, 500), min_size=1, max_size=8),
    smallest=st.integers(1, 5),
    start_s=st.integers(0, 60),
    capacity=st.floats(1, 50),
)
def test_whatever_is_asked_the_bounds_hold_and_nothing_is_counted_twice(
    rates: list[float], smallest: int, start_s: int, capacity: float
) -> None:
    rule = _rule(min_replicas=smallest, max_replicas=20, start_s=start_s, utilisation=0.7)
    scaling = follow(_asked(*((20, rate) for rate in rates)), rule, capacity)
    assert all(smallest <= moment.replicas <= 20 for moment in scaling.moments)
    assert all(0 <= moment.ready <= moment.replicas for moment in scaling.moments)
    assert 0 <= scaling.beyond <= scaling.requests
    assert (scaling.beyond > 0) == bool(scaling.shortages) == (scaling.short_s > 0)


@pytest.mark.parametrize(
    ("policy", "bounds"), [("intelluxe", (2, 10)), ("aimedres", (3, 10)), ("medical-assistant", (5, 100))]
)
def test_the_policies_that_have_an_autoscaler_say_so(policy: str, bounds: tuple[int, int]) -> None:
    rule = load_policy(policy).autoscaling
    assert rule is not None
    assert (rule.min_replicas, rule.max_replicas) == bounds


@pytest.mark.parametrize("policy", ["default", "dp-router", "therapy-analyzer"])
def test_the_others_have_none(policy: str) -> None:
    assert load_policy(policy).autoscaling is None
