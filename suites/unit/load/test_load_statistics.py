"""Load verdicts: how many samples a claim needs, what is too few, and when a load may not be judged at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.model import CannotLookError, Reason
from checks.performance._early_stopping import (
    BadCount,
    ClaimDecision,
    claim_holds,
    decide_claim,
    samples_needed,
    upper_bound,
)
from checks.performance._load_record import (
    evidence_of,
    first_token_late_or_none,
    first_tokens_of,
    judgeable,
    late_or_failed,
    requests_of,
)
from checks.policy import PerformancePolicy
from checks.targets import GeneratorProcess, Latencies, Load
from loadtests.recording.recorder import Recorder, bucket_us

pytestmark = pytest.mark.unit

LOAD = Load(
    profile="gate",
    users=120,
    seconds=60,
    arrival="Poisson arrivals at 12/s",
    seed=1,
    generator_cpu=0.1,
    complete=True,
    problem="",
    kinds=(
        Latencies("inference.chat", (100.0, 3000.0), (95, 5), {"status 503": 1}),
        Latencies("inference.chat:first_token", (50.0, 700.0), (95, 4), {}),
        Latencies("patient.read", (10.0,), (40,), {}),
        Latencies("patient.list", (10.0, 20.0), (5, 5), {"time-out": 2}),
    ),
)


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
        (0, 90, ClaimDecision.HOLDS),
        (0, 89, ClaimDecision.UNDECIDED),
        (1, 130, ClaimDecision.HOLDS),
        (20, 400, ClaimDecision.UNDECIDED),
        (40, 400, ClaimDecision.REFUTED),
        (0, 0, ClaimDecision.UNDECIDED),
        (3, 3, ClaimDecision.REFUTED),
    ],
)
def test_few_samples_decide_neither_way(bad: int, total: int, decision: ClaimDecision) -> None:
    """A share of 5 % is held or refuted only when chance would hardly show so few or so many."""
    assert decide_claim(bad, bad, total, 0.05, 0.99) is decision


@pytest.mark.parametrize("bad", [0, 1, 7, 50])
def test_the_bound_and_the_rule_agree(bad: int) -> None:
    """A claim holds from the very sample on at which the upper bound of the bad share falls to it."""
    needed = samples_needed(bad, 0.01, 0.99)
    assert upper_bound(bad, needed, 0.99) <= 0.01 < upper_bound(bad, needed - 1, 0.99)
    assert upper_bound(3, 3, 0.99) == 1.0


def test_too_few_samples_name_how_many_are_needed() -> None:
    """An undecided claim is UNKNOWN with the count that would decide it."""
    with pytest.raises(CannotLookError, match=r"chat p95: 1 bad ones of 100 requests .* needs 130 requests") as caught:
        claim_holds("chat p95", late_or_failed(Latencies("chat", (1.0, 3000.0), (99, 1), {}), 2000), 0.05, 0.99)
    assert caught.value.reason is Reason.TOO_FEW_SAMPLES


def test_a_fast_failure_is_no_fast_answer() -> None:
    """A server that refuses everything at once does not hold a latency claim."""
    bad = late_or_failed(Latencies("chat", (1.0,), (500,), {"status 503": 500}), 2000)
    assert bad == BadCount(500, 500, 500)
    assert not claim_holds("chat", bad, 0.05, 0.99)


def test_slow_and_failed_may_be_the_same_requests_or_not() -> None:
    """The histogram does not say, so both readings are kept; never more requests are bad than there are."""
    assert late_or_failed(Latencies("chat", (1.0, 3000.0), (90, 10), {"time-out": 6}), 2000) == BadCount(10, 16, 100)
    assert late_or_failed(Latencies("chat", (3000.0,), (5,), {"time-out": 5}), 2000) == BadCount(5, 5, 5)
    assert BadCount(1, 2, 3) + BadCount(10, 20, 30) == BadCount(11, 22, 33)


@pytest.mark.parametrize("seconds", [1.9999, 2.0, 2.0008])
def test_the_edge_of_a_bucket_decides_nothing(seconds: float) -> None:
    """Times that share the limit's bucket may be late, and are not late for certain; the next bucket's are."""
    recorder = Recorder()
    recorder.request("chat", 0.0, seconds)
    assert late_or_failed(recorder.latencies()[0], 2000) == BadCount(0, 1, 1)
    recorder.request("chat", 0.0, bucket_us(2.0) / 1e6 + 1e-6)
    assert late_or_failed(recorder.latencies()[0], 2000) == BadCount(1, 2, 2)


def test_an_answer_without_a_first_token_began_too_late() -> None:
    """Missing tokens are late for certain; who failed after a fast one may be among the late or not."""
    streamed, first = first_tokens_of(LOAD, "inference")
    assert (streamed.total, first.total) == (100, 99)
    assert first_token_late_or_none(streamed, first, 500) == BadCount(5, 5, 100)
    failing = replace(streamed, errors={"status 503": 1, "wrong body": 3})
    assert first_token_late_or_none(failing, first, 500) == BadCount(5, 8, 100)
    with pytest.raises(CannotLookError, match="no streamed answer of the kind patient") as caught:
        first_tokens_of(LOAD, "patient")
    assert caught.value.reason is Reason.EXAMINED_NOTHING


def test_a_share_of_zero_cannot_be_shown() -> None:
    """No number of requests proves that none will ever fail."""
    with pytest.raises(CannotLookError, match="no number of requests"):
        samples_needed(0, 0.0, 0.99)


def test_times_inside_a_request_are_no_requests() -> None:
    """Requests are merged by the head of their kind; derived times are left out; errors add up."""
    everything = requests_of(LOAD)
    assert (everything.total, dict(everything.errors)) == (150, {"status 503": 1, "time-out": 2})
    assert requests_of(LOAD, "patient") == Latencies.merged("patient", LOAD.kinds[2:])
    assert requests_of(LOAD, "patient").values_ms == (10.0, 20.0)
    with pytest.raises(CannotLookError, match="no request of the kind privacy"):
        requests_of(LOAD, "privacy")


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (replace(LOAD, complete=False, problem="killed"), "did not run to its end: killed"),
        (replace(LOAD, generator_cpu=0.85), "used 85% of its core, above 80%"),
        (
            replace(LOAD, kinds=(*LOAD.kinds, Latencies("generator:late", (1.0, 60.0), (94, 6), {}))),
            "started 5 % of its requests more than 60 ms late, above 50 ms",
        ),
        (replace(LOAD, users=99), "promise is made for 100 users; the load 'gate' had 99"),
    ],
)
def test_a_load_that_cannot_be_believed_is_not_judged(load: Load, reason: str) -> None:
    """A load cut short, from a generator too busy, or of too few users, is UNKNOWN and not slow."""
    with pytest.raises(CannotLookError, match=reason):
        judgeable(load, PerformancePolicy())
    assert judgeable(LOAD, PerformancePolicy()) is LOAD


def test_evidence_names_what_a_repetition_needs() -> None:
    """Seed, samples, percentiles, errors, and the busiest of the processes that sent the load."""
    senders = (GeneratorProcess("worker 1", 70, 0.05), GeneratorProcess("worker 2", 80, 0.1))
    told = evidence_of(replace(LOAD, generators=senders), requests_of(LOAD, "inference"))
    assert "seed 1\n" in told
    assert "inference: n=100 p50=100.0 p95=100.0 p99=3000.0 max=3000.0 ms" in told
    assert "errors: status 503: 1" in told
    assert "worker 2, the busiest of 2: 10% of one core" in told
