"""Latencies: counted from the intended start, in histograms that no one rounds, in records that survive the file."""

from __future__ import annotations

import heapq

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import example, given
from hypothesis import strategies as st

from checks.targets import Latencies, Load
from loadtests.generator.spec import load_from_json, load_to_json
from loadtests.recording.recorder import Recorder, bucket_us, record_all
from loadtests.schedules.arrivals import arrivals
from loadtests.schedules.profiles import load_profile

pytestmark = pytest.mark.unit

SERVICE_S = 0.004
FREEZE = (5.0, 7.0)
HOUR_US = 3_600_000_000
HDR = HdrHistogram(1, HOUR_US, 3)


def _finished(start: float) -> float:
    """When a server that is frozen from 5 to 7 s has answered a request that starts then."""
    begin = max(start, FREEZE[1]) if start >= FREEZE[0] else start
    return begin + SERVICE_S


def test_a_frozen_server_shows_from_the_intended_start() -> None:
    """2 s frozen in 12 s at 100/s: 200 of 1,200 requests waited evenly from 0 to 2 s, so p95 is about 1.4 s."""
    intended = [number / 100 for number in range(1200)]
    open_model = record_all("open", (_finished(at) - at for at in intended))
    assert open_model.percentile(0.95) == pytest.approx(1400, abs=15)


def test_a_closed_loop_would_have_hidden_the_freeze() -> None:
    """The same freeze, asked by 10 users who wait for each answer before they think: p95 is milliseconds."""
    think_s, seconds = 0.1 - SERVICE_S, []
    free = [number / 100 for number in range(10)]
    heapq.heapify(free)
    while (at := heapq.heappop(free)) < 12:
        seconds.append(_finished(at) - at)
        heapq.heappush(free, _finished(at) + think_s)
    closed = record_all("closed", seconds)
    assert closed.percentile(0.95) == pytest.approx(SERVICE_S * 1000, rel=0.01)
    assert closed.percentile(1) > 1900


@pytest.mark.parametrize("seconds", [1e-6, 0.0012345, 0.5, 1.9999, 31.4])
def test_values_keep_three_digits(seconds: float) -> None:
    """A recorded value is off by less than one part in a thousand, and never below the true one."""
    value = record_all("x", [seconds]).percentile(1) / 1000
    assert seconds * (1 - 1e-9) <= value <= seconds * 1.001


@given(st.integers(1, HOUR_US) | st.builds(lambda bits, step: 2**bits + step, st.integers(1, 31), st.integers(-1, 1)))
@example(HOUR_US)
@example(2048)
def test_buckets_are_those_of_the_hdr_histogram(micros: int) -> None:
    """Over the whole range, and at every power of two, where its buckets become wider."""
    assert bucket_us((micros - 0.5) / 1e6) == HDR.get_highest_equivalent_value(micros)


@pytest.mark.parametrize(("seconds", "micros"), [(0.0, 1), (-1e-3, 1), (3600.0, HOUR_US), (1e9, HOUR_US)])
def test_what_lies_outside_the_range_is_its_end(seconds: float, micros: int) -> None:
    """Nothing is shorter than a microsecond, and what takes over an hour counts as one hour."""
    assert bucket_us(seconds) == HDR.get_highest_equivalent_value(micros)


def test_failures_are_counted_by_cause_and_derived_times_are_no_requests() -> None:
    """A failed request keeps its latency; a time to first token does not count as a request."""
    recorder = Recorder()
    recorder.request("patient.read", 0.0, 0.01)
    recorder.request("patient.read", 0.5, 2.0, "time-out")
    recorder.time("inference.chat:first_token", 0.2)
    chat, read = recorder.latencies()
    assert (recorder.requests, recorder.failed) == (2, 1)
    assert (chat.kind, chat.total, dict(chat.errors)) == ("inference.chat:first_token", 1, {})
    assert (read.total, read.over(1000), dict(read.errors)) == (2, 1, {"time-out": 1})


def test_a_record_survives_its_file() -> None:
    """Written and read again, a load is the same, to the last bucket."""
    kinds = (record_all("patient.read", [0.001, 0.02, 3.3]), Latencies("budget.read", (1.5,), (2,), {"refused": 1}))
    load = Load("gate", 120, 60.0, "Poisson arrivals at 12/s", 7, kinds, 0.25, complete=True, problem="")
    assert load_from_json(load_to_json(load)) == load
    with pytest.raises(ValueError, match="not a load record"):
        load_from_json('{"profile": "gate"}')


def test_the_schedule_is_poisson_and_the_same_for_the_same_seed() -> None:
    """The gate's users together send at its rate; a user's schedule depends on the seed and its index only."""
    profile = load_profile("gate")
    drawn = [arrival for index in range(profile.users) for arrival in arrivals(profile, "clinician", index, 1)]
    measured, expected = [arrival.at_s for arrival in drawn if arrival.measured], profile.rate * profile.seconds
    assert abs(len(measured) - expected) < 4 * expected**0.5
    assert max(measured) < profile.seconds
    assert -profile.warm_up_s <= min(arrival.at_s for arrival in drawn) < 0
    assert arrivals(profile, "nurse", 3, 1) == arrivals(profile, "nurse", 3, 1)
    assert arrivals(profile, "nurse", 3, 1) != arrivals(profile, "nurse", 3, 2)
