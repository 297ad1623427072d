"""The search for the highest rate that holds, with judges made up for it: exact, blurred near the threshold, blind."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checks.model import Gate, Reason, Result, Severity, Status
from commands.show_capacity import exit_code
from loadtests.capacity.saturation import Resource, ResourceKind, first_full
from loadtests.capacity.search import (
    Capacity,
    CapacityStep,
    CapacityTrial,
    Ending,
    Judgement,
    RateVerdict,
    SearchTerms,
    bracket,
    judged,
    next_trial,
)
from loadtests.schedules.profiles import load_profile

pytestmark = pytest.mark.unit
_LOGIN_S = 10.0
_TERMS = SearchTerms(first=40, lowest=0.5, highest=5000, precision=0.1, budget_s=math.inf)
_Judge = Callable[[CapacityTrial], RateVerdict]


def _search(judge: _Judge, terms: SearchTerms = _TERMS) -> Capacity:
    steps: list[CapacityStep] = []
    while isinstance(chosen := next_trial(steps, terms), CapacityTrial):
        steps.append(CapacityStep(chosen, Judgement(judge(chosen)), chosen.seconds + _LOGIN_S))
    return Capacity(load_profile("gate"), terms, tuple(steps), chosen)


def _exact(threshold: float) -> _Judge:
    return lambda trial: RateVerdict.HOLDS if trial.rate <= threshold else RateVerdict.REFUTED


def _rates(capacity: Capacity) -> list[float]:
    return [round(step.trial.rate, 1) for step in capacity.steps]


def test_it_doubles_then_bisects_then_confirms() -> None:
    capacity = _search(_exact(100))
    # sqrt(80 x 160) = 113.1 does not hold, sqrt(80 x 113.1) = 95.1 does, sqrt(95.1 x 113.1) = 103.7 does not.
    assert _rates(capacity) == [40, 80, 160, 113.1, 95.1, 103.7, 95.1]
    assert capacity.ending is Ending.FOUND
    assert capacity.users == 570  # one request per user and six seconds


@given(threshold=st.floats(0.5, 4999), precision=st.floats(0.02, 0.5))
def test_whatever_the_threshold_it_is_found_to_the_precision(threshold: float, precision: float) -> None:
    terms = SearchTerms(precision=precision, budget_s=math.inf)
    capacity = _search(_exact(threshold), terms)
    known = capacity.bracket
    assert capacity.ending is Ending.FOUND
    assert known.held is not None
    assert known.refuted is not None
    assert known.held <= threshold < known.refuted <= known.held * (1 + precision)
    assert len(capacity.steps) <= 10 + math.ceil(math.log2(math.log(2) / math.log1p(precision))) + 2


@given(threshold=st.floats(2, 4000), blur=st.floats(0, 0.3), seed=st.integers(0, 2**32))
@example(threshold=3903.0, blur=0.28125, seed=1)  # the judge may err at the highest rate, and does: it holds there
def test_a_judge_that_errs_near_the_threshold_leads_no_further_from_it_than_it_errs(
    threshold: float, blur: float, seed: int
) -> None:
    """Within the blur any verdict may come, and another one the next time; outside it every verdict is right.

    Where the highest rate to be tried lies within the blur, the judge may say that it holds, which ends the search.
    """
    rng = random.Random(seed)  # noqa: S311  no secret

    def judge(trial: CapacityTrial) -> RateVerdict:
        if threshold / (1 + blur) <= trial.rate <= threshold * (1 + blur):
            return rng.choice((RateVerdict.HOLDS, RateVerdict.REFUTED, RateVerdict.UNDECIDED))
        return _exact(threshold)(trial)

    capacity = _search(judge)
    known = capacity.bracket
    assert known.held is not None
    assert threshold / (1 + blur) / (1 + _TERMS.precision) <= known.held * (1 + 1e-9)
    assert known.held <= threshold * (1 + blur)
    assert known.refuted is None or known.refuted >= threshold / (1 + blur)
    if known.held == _TERMS.highest:
        assert capacity.ending is Ending.HIGHEST
    else:
        assert capacity.ending is Ending.FOUND
        assert known.above <= known.held * (1 + _TERMS.precision)
    assert len(capacity.steps) < 40


def test_what_decides_nothing_is_repeated_twice_as_long_and_then_bounds_the_rate_without_refuting_it() -> None:
    capacity = _search(lambda trial: RateVerdict.UNDECIDED if trial.rate > 60 else RateVerdict.HOLDS)
    assert [step.trial.seconds for step in capacity.steps if step.trial.rate == 80] == [11.25, 22.5, 45, 90]
    known = capacity.bracket
    assert known.refuted is None
    assert known.held == pytest.approx(56.57, abs=0.1)
    assert known.undecided == pytest.approx(61.69, abs=0.1)
    assert capacity.above is not None
    assert capacity.above.trial.rate == known.undecided


@pytest.mark.parametrize(("rate", "seconds"), [(5, 50), (50, 20), (500, 10)])
def test_a_step_is_long_enough_for_its_requests_within_its_bounds(rate: float, seconds: float) -> None:
    terms = SearchTerms(first=rate, requests=1000, shortest_s=10, longest_s=50)
    assert next_trial([], terms) == CapacityTrial(rate, seconds)


def test_the_confirmation_counts_more_than_the_search() -> None:
    """95.1 holds when it is found and not the second time: then it is refuted, and what held below it is looked at."""
    found: list[float] = []

    def judge(trial: CapacityTrial) -> RateVerdict:
        found.append(trial.rate)
        again = found.count(trial.rate) > 1 and trial.rate > 90
        return RateVerdict.REFUTED if again else _exact(100)(trial)

    capacity = _search(judge)
    known = capacity.bracket
    assert known.held is not None
    assert known.refuted is not None
    assert known.held < 90 < known.refuted < 96
    assert capacity.ending is Ending.FOUND


def test_the_ends_of_the_range_are_said() -> None:
    assert _search(_exact(10_000)).ending is Ending.HIGHEST
    assert _search(_exact(10_000)).bracket.held == 5000
    lowest = _search(_exact(0.1))
    assert (lowest.ending, lowest.bracket.held, lowest.bracket.refuted, lowest.users) == (
        Ending.LOWEST,
        None,
        0.5,
        None,
    )


def test_a_rate_that_cannot_be_judged_bounds_what_is_known_to_hold() -> None:
    capacity = _search(lambda trial: RateVerdict.UNKNOWN if trial.rate > 100 else RateVerdict.HOLDS)
    known = capacity.bracket
    assert known.refuted is None
    assert known.held == pytest.approx(95.1, abs=0.1)
    assert known.undecided == pytest.approx(103.7, abs=0.1)
    assert capacity.above is not None
    assert capacity.above.verdict is RateVerdict.UNKNOWN
    assert exit_code(capacity) == 3


def test_where_nothing_can_be_judged_nothing_more_is_sent() -> None:
    capacity = _search(lambda _: RateVerdict.UNKNOWN)
    assert (capacity.ending, len(capacity.steps), exit_code(capacity)) == (Ending.UNKNOWN, 1, 3)


def test_no_step_is_begun_that_would_not_end_in_time() -> None:
    """Steps of 32.5, 21.25 and 18 s with their log-in; the fourth would end 89.75 s after the beginning."""
    capacity = _search(_exact(1e9), SearchTerms(budget_s=89))
    assert (capacity.ending, _rates(capacity)) == (Ending.TIME, [40, 80, 160])
    assert sum(step.took_s for step in capacity.steps) <= 89


def test_of_two_verdicts_on_one_rate_the_worse_counts() -> None:
    steps = [
        CapacityStep(CapacityTrial(80, 10), Judgement(verdict), 10)
        for verdict in (RateVerdict.HOLDS, RateVerdict.REFUTED)
    ]
    assert bracket(steps, _TERMS).held is None


def _result(status: Status, reason: Reason | None = None, explanation: str = "") -> Result:
    return Result(
        "performance/inference_p95_within_limit",
        "",
        Gate.PERFORMANCE,
        Severity.HIGH,
        (),
        status,
        (),
        "",
        0.0,
        reason,
        explanation,
    )


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([_result(Status.PASS)], RateVerdict.HOLDS),
        ([_result(Status.PASS), _result(Status.UNKNOWN, Reason.EXAMINED_NOTHING)], RateVerdict.HOLDS),
        ([_result(Status.UNKNOWN, Reason.TOO_FEW_SAMPLES), _result(Status.PASS)], RateVerdict.UNDECIDED),
        ([_result(Status.FAIL), _result(Status.UNKNOWN, Reason.COULD_NOT_LOOK)], RateVerdict.REFUTED),
        ([_result(Status.UNKNOWN, Reason.COULD_NOT_LOOK), _result(Status.PASS)], RateVerdict.UNKNOWN),
        ([_result(Status.UNKNOWN, Reason.EXAMINED_NOTHING)], RateVerdict.UNKNOWN),
        ([], RateVerdict.UNKNOWN),
    ],
)
def test_the_checks_results_become_a_verdict(results: list[Result], verdict: RateVerdict) -> None:
    assert judged(results).verdict is verdict


def test_why_it_cannot_be_judged_is_told() -> None:
    why = judged([_result(Status.UNKNOWN, Reason.COULD_NOT_LOOK, "the load generator used 93 % of its core")]).why
    assert why == "inference p95 within limit: the load generator used 93 % of its core"


def _used(kind: ResourceKind, name: str, used: float, limit: float | None = 1.0) -> Resource:
    return Resource(kind, name, used, limit, "cores")


def test_a_cause_is_named_before_its_consequences() -> None:
    """A full line in front of a busy thread is the thread's doing, and all cores busy explain a busy thread."""
    line, slots = _used(ResourceKind.LINE, "line", 64, 64), _used(ResourceKind.PLACES, "slots", 16, 16)
    thread, machine = _used(ResourceKind.THREAD, "router", 0.97), _used(ResourceKind.MACHINE, "machine", 1.95, 2)
    assert first_full([], [line, slots]).first == slots
    assert first_full([], [line, slots, thread]).first == thread
    assert first_full([], [line, slots, thread, machine]).first == machine
    busy_generator = _used(ResourceKind.GENERATOR, "generator", 0.85, 0.8)
    assert first_full([], [line, machine, busy_generator]).first == busy_generator


def test_among_equals_the_one_that_was_fuller_before_is_named() -> None:
    held = [_used(ResourceKind.THREAD, "router1", 0.5), _used(ResourceKind.THREAD, "router2", 0.8)]
    refuted = [_used(ResourceKind.THREAD, "router1", 0.99), _used(ResourceKind.THREAD, "router2", 0.95)]
    assert first_full(held, refuted).first == refuted[1]
    assert [line.name for line in first_full(held, refuted).lines] == ["router1", "router2"]


def test_where_nothing_is_full_nothing_is_named() -> None:
    seen = [
        _used(ResourceKind.THREAD, "router1", 0.5),
        _used(ResourceKind.BACKLOG, "edge", 300, None),
        _used(ResourceKind.OTHER, "x", 9, 1),
    ]
    assert first_full(seen, seen).first is None
    assert first_full([], [_used(ResourceKind.BACKLOG, "dropped", 1, 0)]).first is not None
    assert first_full([], [_used(ResourceKind.BACKLOG, "dropped", 0, 0)]).first is None
