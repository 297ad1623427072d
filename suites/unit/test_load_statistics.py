"""Load verdicts: how many samples a claim needs, what is too few, and when a load may not be judged at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.model import CannotLookError, Reason
from checks.performance._early_stopping import (
    Decision,
    decide,
    examined,
    merged,
    p95_holds,
    requests_of,
    samples_needed,
)
from checks.policy import Performance
from checks.targets import Latencies, Load

pytestmark = pytest.mark.unit

LOAD = Load(
    profile="gate", users=120, seconds=60, arrival="Poisson arrivals at 12/s", seed=1, generator_cpu=0.1, complete=True,
    problem="",
    kinds=(
        Latencies("inference.chat", (100.0, 3000.0), (95, 5), {"status 503": 1}),
        Latencies("inference.chat:first_token", (50.0,), (99,), {}),
        Latencies("patient.read", (10.0,), (40,), {}),
        Latencies("patient.list", (10.0, 20.0), (5, 5), {"time-out": 2}),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("share", "needed"),
    [
        (0.05, [90, 130, 259, 398, 1372]),
        (0.01, [459, 662, 1307, 2010, 6898]),
        (0.001, [4603, 6636, 13105, 20140, 69058]),
    ],
)
def test_the_rule_is_the_early_stopping_table(share: float, needed: list[int]) -> None:
    """At 99 % confidence the fewest samples are those of MLPerf's table, for 0, 1, 5, 10 and 50 bad ones."""
    assert [samples_needed(bad, share, 0.99) for bad in (0, 1, 5, 10, 50)] == needed


@pytest.mark.parametrize(
    ("bad", "total", "decision"),
    [
        (0, 90, Decision.HOLDS),
        (0, 89, Decision.UNDECIDED),
        (1, 130, Decision.HOLDS),
        (20, 400, Decision.UNDECIDED),
        (40, 400, Decision.REFUTED),
        (0, 0, Decision.UNDECIDED),
        (3, 3, Decision.REFUTED),
    ],
)
def test_few_samples_decide_neither_way(bad: int, total: int, decision: Decision) -> None:
    """A share of 5 % is held or refuted only when chance would hardly show so few or so many."""
    assert decide(bad, bad, total, 0.05, 0.99) is decision


def test_too_few_samples_name_how_many_are_needed() -> None:
    """An undecided claim is UNKNOWN with the count that would decide it."""
    with pytest.raises(CannotLookError, match="needs 130 requests") as caught:
        p95_holds(Latencies("chat", (1.0, 3000.0), (99, 1), {}), 2000, 0.99)
    assert caught.value.reason is Reason.TOO_FEW_SAMPLES


def test_a_fast_failure_is_no_fast_answer() -> None:
    """A server that refuses everything at once does not hold a latency claim."""
    assert not p95_holds(Latencies("chat", (1.0,), (500,), {"status 503": 500}), 2000, 0.99)


def test_a_share_of_zero_cannot_be_shown() -> None:
    """No number of requests proves that none will ever fail."""
    with pytest.raises(CannotLookError, match="no number of requests"):
        samples_needed(0, 0.0, 0.99)


def test_times_inside_a_request_are_no_requests() -> None:
    """Requests are merged by the head of their kind; derived times are left out; errors add up."""
    everything = requests_of(LOAD)
    assert (everything.total, dict(everything.errors)) == (150, {"status 503": 1, "time-out": 2})
    assert requests_of(LOAD, "patient") == merged("patient", LOAD.kinds[2:])
    assert requests_of(LOAD, "patient").values_ms == (10.0, 20.0)
    with pytest.raises(CannotLookError, match="no request of the kind budget"):
        requests_of(LOAD, "budget")


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (replace(LOAD, complete=False, problem="killed"), "did not run to its end: killed"),
        (replace(LOAD, generator_cpu=0.85), "used 85% of its core, above 80%"),
    ],
)
def test_a_load_that_cannot_be_believed_is_not_judged(load: Load, reason: str) -> None:
    """A load cut short, or from a generator too busy, is UNKNOWN and not slow."""
    with pytest.raises(CannotLookError, match=reason):
        examined(load, Performance())
