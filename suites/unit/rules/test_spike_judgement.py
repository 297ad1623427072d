"""What a spike did, judged on records made by hand: recovery, refusals, and the records that were written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import Reason, Result, Status
from checks.policy import load_policy
from checks.targets import Load, Mark, Written
from fixtures.targets.load.finished import FinishedLoad
from loadtests.recording.recorder import Recorder, StreamTimes

pytestmark = pytest.mark.unit

POLICY = load_policy("default")
MARKS = (Mark(5.0, "spike begins"), Mark(8.0, "spike ends"))
CLEAN = Written(acknowledged=40, lost=0, duplicated=0, refused_yet_present=0, complete=True)


def _spike(recorder: Recorder, seconds: int = 30, written: Written | None = CLEAN) -> Load:
    """A load with ten quick reads and ten quick chats in every second, and what was recorded besides."""
    for second in range(seconds):
        for tenth in range(10):
            recorder.request("patient.read", second + tenth / 10, 0.05)
            recorder.request("inference.chat", second + tenth / 10, 0.5, stream=StreamTimes(first_token_s=0.1))
    return Load(
        profile="spike",
        users=600,
        seconds=seconds,
        arrival="Poisson",
        seed=1,
        generator_cpu=0.1,
        complete=True,
        problem="",
        kinds=recorder.latencies(),
        slices=recorder.slices(),
        marks=MARKS,
        written=written,
    )


def _judged(rule: str, load: Load) -> Result:
    return evaluate(read(f"performance/{rule}"), lambda _kind: FinishedLoad(load), POLICY, target="unit")


def _broken(result: Result) -> list[str]:
    return [finding.subject.rpartition(": ")[2] for finding in result.broken]


def test_a_spike_that_nobody_noticed_is_fine() -> None:
    """Nothing refused, nothing lost, and the limits hold: both claims pass."""
    load = _spike(Recorder())
    refused = _judged("overload_refused_fast", load)
    assert refused.status is Status.PASS
    assert "0 of 500 requests were refused; none failed otherwise" in refused.findings[0].message
    recovered = _judged("recovers_after_spike", load)
    assert recovered.status is Status.PASS
    assert [finding.message for finding in recovered.findings] == [
        "the last one ended 0.0 s after the spike",
        "0 of 240 were late or failed; p95 is 500 ms",
    ]


@pytest.mark.parametrize(("seconds", "status"), [(9.0, Status.PASS), (12.5, Status.FAIL)])
def test_nothing_of_the_spike_may_be_under_way_when_the_time_is_over(seconds: float, status: Status) -> None:
    """One request from the spike's midst is too many ten seconds after its end; what ended before does not matter."""
    recorder = Recorder()
    recorder.request("inference.chat", 6.0, seconds, "time-out")
    result = _judged("recovers_after_spike", _spike(recorder))
    assert result.status is status
    assert _broken(result) == ([] if status is Status.PASS else ["requests of the spike"])


@pytest.mark.parametrize(
    ("kind", "at_s", "seconds", "status"),
    [
        ("patient.read", 20.0, 0.6, Status.FAIL),
        ("patient.read", 17.0, 0.6, Status.PASS),
        ("inference.chat", 20.0, 0.6, Status.PASS),
        ("inference.chat", 20.0, 2.1, Status.FAIL),
        ("audit.read", 20.0, 9.0, Status.PASS),
    ],
)
def test_after_the_time_every_kind_keeps_its_own_limit(kind: str, at_s: float, seconds: float, status: Status) -> None:
    """Late ones count from then on only, and against the limit of their kind."""
    recorder = Recorder()
    for _ in range(60):
        recorder.request(kind, at_s, seconds)
    result = _judged("recovers_after_spike", _spike(recorder))
    assert result.status is status
    assert _broken(result) == ([] if status is Status.PASS else ["new requests"])


@pytest.mark.parametrize(("seconds", "said"), [(18, "ends 10 s after its spike"), (20, "needs 90 requests")])
def test_a_load_that_ends_too_soon_after_its_spike_says_nothing(seconds: int, said: str) -> None:
    """Neither no requests nor a few show a recovery."""
    result = _judged("recovers_after_spike", _spike(Recorder(), seconds))
    assert result.status is Status.UNKNOWN
    assert result.reason is Reason.TOO_FEW_SAMPLES
    assert said in result.explanation


@pytest.mark.parametrize("rule", ["recovers_after_spike", "overload_refused_fast"])
def test_a_load_without_a_spike_says_nothing(rule: str) -> None:
    """A profile in which nothing goes up and down is UNKNOWN."""
    result = _judged(rule, replace(_spike(Recorder()), marks=()))
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.EXAMINED_NOTHING)


@pytest.mark.parametrize(
    ("error", "seconds", "at_s", "broken"),
    [
        ("status 503", 0.01, 6.0, []),
        ("status 429", 0.01, 6.0, []),
        ("status 503", 1.2, 6.0, ["time to a refusal"]),
        ("time-out", 30.0, 6.0, ["failures"]),
        ("connection lost", 0.01, 6.0, ["failures"]),
        ("status 500", 0.01, 20.0, ["failures"]),
        ("status 500", 0.01, 2.0, []),
    ],
)
def test_from_the_spike_on_who_is_not_served_is_refused_at_once(
    error: str, seconds: float, at_s: float, broken: list[str]
) -> None:
    """Other failures, and slow refusals, break the claim; what failed before the spike is not its doing."""
    recorder = Recorder()
    for _ in range(100):
        recorder.request("inference.chat", at_s, seconds, error)
    result = _judged("overload_refused_fast", _spike(recorder))
    assert _broken(result) == broken
    assert result.status is (Status.FAIL if broken else Status.PASS)


@pytest.mark.parametrize(
    ("refused", "slow", "seconds", "status"),
    [
        (20, 0, 30, Status.PASS),
        (20, 1, 30, Status.UNKNOWN),  # of 520 requests
        (20, 1, 45, Status.PASS),  # of 820
        (1, 1, 45, Status.PASS),
        (60, 6, 45, Status.UNKNOWN),
        (2, 2, 45, Status.FAIL),
    ],
)
def test_where_refusals_are_too_few_to_say_slow_ones_must_be_rare_among_all_requests(
    refused: int, slow: int, seconds: int, status: Status
) -> None:
    """None that is slow is enough however few they are; one of twenty decides nothing about p95."""
    recorder = Recorder()
    for number in range(refused):
        recorder.request("inference.chat", 6.0, 1.2 if number < slow else 0.01, "status 503")
    result = _judged("overload_refused_fast", _spike(recorder, seconds))
    assert result.status is status
    assert (result.reason is Reason.TOO_FEW_SAMPLES) == (status is Status.UNKNOWN)


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        (replace(CLEAN, lost=1), ["acknowledged records lost"]),
        (replace(CLEAN, duplicated=2), ["records there twice"]),
        (replace(CLEAN, refused_yet_present=3), ["refused records there"]),
    ],
)
def test_every_untrue_answer_about_a_record_is_a_finding(written: Written, broken: list[str]) -> None:
    """One lost, doubled or refused record that is there breaks the claim."""
    result = _judged("overload_refused_fast", _spike(Recorder(), written=written))
    assert (result.status, _broken(result)) == (Status.FAIL, broken)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "was not read back"),
        (replace(CLEAN, complete=False, lost=5), "was not read back completely"),
        (replace(CLEAN, acknowledged=0), "nothing was acknowledged"),
    ],
)
def test_records_that_were_not_read_back_are_unknown(written: Written | None, said: str) -> None:
    """An incomplete look neither passes nor fails."""
    result = _judged("overload_refused_fast", _spike(Recorder(), written=written))
    assert result.status is Status.UNKNOWN
    assert said in result.explanation
