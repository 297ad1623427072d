"""Promises about a load, judged on records made by hand: limits, goodput, throughput and the error budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import Reason, Result, Status
from checks.policy import PerformancePolicy, Policy, load_policy, policy_names
from checks.targets import Latencies, Load
from fixtures.targets.load.finished import FinishedLoad
from loadtests.generator.spec import load_from_json, load_to_json
from loadtests.recording.recorder import Recorder, StreamTimes

pytestmark = pytest.mark.unit

DEFAULT = load_policy("default")


def _load(*kinds: Latencies, seconds: float = 60.0, policy: Policy = DEFAULT) -> Load:
    return Load(
        profile="gate",
        users=1000,
        seconds=seconds,
        arrival="Poisson",
        seed=1,
        generator_cpu=0.1,
        complete=True,
        problem="",
        kinds=kinds,
        objectives=policy.performance.objectives(),
    )


def _judged(rule: str, load: Load, policy: Policy = DEFAULT) -> Result:
    return evaluate(read(f"performance/{rule}"), lambda _kind: FinishedLoad(load), policy, target="unit")


def _promising(**performance: object) -> Policy:
    return DEFAULT.model_copy(update={"performance": PerformancePolicy.model_validate(performance)})


def _delayed(share: float, total: int, seconds: float = 2.5) -> Load:
    """Chats of which a share is delayed."""
    recorder = Recorder(DEFAULT.performance.objectives())
    for number in range(total):
        late = seconds if number < share * total else 0.0
        recorder.request("inference.chat", 0.0, 0.3 + late, stream=StreamTimes(first_token_s=0.1 + late))
    return _load(*recorder.latencies())


@pytest.mark.parametrize(
    ("share", "total", "status"),
    [
        (0.06, 4000, Status.FAIL),
        (0.04, 4000, Status.PASS),
        (0.05, 400, Status.UNKNOWN),
        (0.06, 400, Status.UNKNOWN),
        (0.04, 400, Status.UNKNOWN),
    ],
)
def test_a_delay_on_a_share_of_the_chats_is_told_from_its_neighbours(share: float, total: int, status: Status) -> None:
    """2.5 s on 6 % of the chats break p95 < 2 s, on 4 % they do not; few samples say neither, and how many would."""
    result = _judged("inference_p95_within_limit", _delayed(share, total))
    assert result.status is status
    if status is Status.UNKNOWN:
        assert result.reason is Reason.TOO_FEW_SAMPLES
        assert "requests with as many bad ones" in result.explanation


@pytest.mark.parametrize(("total", "status"), [(458, Status.UNKNOWN), (459, Status.PASS)])
def test_a_99th_percentile_takes_459_requests(total: int, status: Status) -> None:
    """One fewer leaves it open."""
    assert _judged("inference_p99_within_limit", _delayed(0.0, total)).status is status


def test_p99_sees_what_p95_does_not() -> None:
    """3 % above 4 s are within p95 < 2 s, and no p99 < 4 s."""
    load = _delayed(0.03, 1000, seconds=5.0)
    assert _judged("inference_p95_within_limit", load).status is Status.PASS
    assert _judged("inference_p99_within_limit", load).status is Status.FAIL


def test_a_late_first_token_is_seen_although_the_answer_is_in_time() -> None:
    """0.6 s to the first token break its limit and the goodput, and no other promise."""
    load = _delayed(0.10, 1000, seconds=0.6)
    assert _judged("inference_p95_within_limit", load).status is Status.PASS
    assert _judged("first_token_p95_within_limit", load).status is Status.FAIL
    assert _judged("goodput_above_floor", load).status is Status.FAIL


def test_goodput_is_of_all_requests() -> None:
    """4 % late chats and 4 % failed reads are bad together, each among the requests of its own kind."""
    recorder = Recorder(DEFAULT.performance.objectives())
    for number in range(2000):
        recorder.request("inference.chat", 0.0, 3.0 if number < 80 else 0.3, stream=StreamTimes(first_token_s=0.1))
        recorder.request("patient.read", 0.0, 0.1, "status 500" if number < 80 else "")
    result = _judged("goodput_above_floor", _load(*recorder.latencies()))
    assert result.status is Status.PASS
    assert "3840 of 4000 were good, 64.0 a second" in result.findings[0].message
    assert "80 of 2000 inference, 80 of 2000 patient" in result.findings[0].message


def test_goodput_by_other_objectives_says_nothing() -> None:
    """A load that counted as good what another policy asks for is UNKNOWN."""
    result = _judged("goodput_above_floor", _delayed(0.0, 1000), load_policy("aimedres"))
    assert result.status is Status.UNKNOWN
    assert "other objectives than those of the policy aimedres" in result.explanation


@pytest.mark.parametrize("name", policy_names())
def test_objectives_come_back_from_a_record(name: str) -> None:
    """What a policy asks for is the same after a load was sent with it, written down and read again."""
    load = _load(policy=load_policy(name))
    assert dict(load_from_json(load_to_json(load)).objectives) == load_policy(name).performance.objectives()


@pytest.mark.parametrize(
    ("good", "total", "status", "said"),
    [
        (11_000, 11_000, Status.PASS, "1100.0 good requests a second of 1100.0 offered; 1000 are promised"),
        (9_000, 11_000, Status.FAIL, "900.0 good requests a second of 1100.0 offered; 1000 are promised"),
        (9_990, 10_010, Status.UNKNOWN, "it takes one that offers 1053 a second"),
        (900, 900, Status.UNKNOWN, "offered 90.0 a second"),
    ],
)
def test_a_promised_throughput_must_be_offered_to_be_shown(good: int, total: int, status: Status, said: str) -> None:
    """It holds when so many good requests a second were seen, fails when they were asked for and goodput was lost."""
    policy = _promising(throughput_per_s=1000)
    reads = Latencies("patient.read", (10.0, 900.0), (good, total - good), {}, good)
    result = _judged("goodput_above_floor", _load(reads, seconds=10.0), policy)
    assert result.status is status
    assert said in (result.findings[-1].message if status is not Status.UNKNOWN else result.explanation)


@pytest.mark.parametrize(
    ("failed", "total", "seconds", "status"),
    [
        (0, 317, 60.0, Status.UNKNOWN),
        (0, 318, 60.0, Status.PASS),
        (5, 1000, 60.0, Status.PASS),
        (40, 1000, 60.0, Status.FAIL),
        (5, 1000, 300.0, Status.FAIL),
        (0, 1000, 300.0, Status.UNKNOWN),
        (0, 4603, 300.0, Status.PASS),
        (1, 6636, 600.0, Status.PASS),
    ],
)
def test_a_short_load_must_not_burn_fast_and_a_long_one_not_at_all(
    failed: int, total: int, seconds: float, status: Status
) -> None:
    """Below five minutes 14.4 times the even rate is allowed, from then on the even rate."""
    reads = Latencies("patient.read", (10.0,), (total,), {"time-out": failed} if failed else {})
    result = _judged("error_budget_kept", _load(reads, seconds=seconds))
    assert result.status is status
    if status is Status.UNKNOWN:
        assert result.reason is Reason.TOO_FEW_SAMPLES
    else:
        assert f"burn rate {failed / total * 1000:.1f}, at most" in result.findings[0].message


@pytest.mark.parametrize("rule", ["error_rate_within_limit", "error_budget_kept", "goodput_above_floor"])
def test_a_smaller_clinic_than_promised_shows_nothing(rule: str) -> None:
    """Too few users are UNKNOWN, however well they were served."""
    load = replace(_delayed(0.0, 5000), users=499)
    result = _judged(rule, load, _promising(users=500))
    assert result.status is Status.UNKNOWN
    assert "made for 500 users" in result.explanation
