"""The shapes of a load: even spacing, ramps, spikes, closed loops, and records of parts that add up to the whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.targets import Load, Objective
from loadtests.generator.spec import LoadSpec, empty_record
from loadtests.recording.merge import merged, with_users
from loadtests.recording.recorder import Recorder, StreamTimes
from loadtests.schedules.arrivals import Arrival, arrivals
from loadtests.schedules.profiles import Profile, ProfileError, load_profile, make_profile

pytestmark = pytest.mark.unit

OBJECTIVES = {"inference": Objective(total_ms=2000, first_token_ms=500, per_token_ms=50)}


def _profile(**changes: object) -> Profile:
    return make_profile(
        {
            "name": "mine",
            "users": 8,
            "think_s": [1, 3],
            "warm_up_s": 2,
            "seconds": 20,
            "roles": {"visitor": 1.0},
        }
        | changes
    )


def _everything(profile: Profile, seed: int = 1) -> list[Arrival]:
    drawn = [arrival for index in range(profile.users) for arrival in arrivals(profile, "visitor", index, seed)]
    return sorted(drawn, key=lambda arrival: arrival.at_s)


def test_constant_arrivals_are_evenly_spaced() -> None:
    """All users together ask every 1/rate seconds, from the warm-up's beginning to the window's end."""
    profile = _profile(arrivals="constant")
    times = [arrival.at_s for arrival in _everything(profile)]
    assert {round(b - a, 9) for a, b in pairwise(times)} == {1 / profile.rate}
    assert (times[0], len(times)) == (-profile.warm_up_s, profile.rate * (profile.warm_up_s + profile.seconds))
    assert times == [arrival.at_s for arrival in _everything(profile, seed=2)]


@pytest.mark.parametrize("process", ["poisson", "constant"])
def test_a_ramp_follows_the_users_at_work(process: str) -> None:
    """In every stretch the requests are as many as the users at work mean to send, within four standard errors."""
    profile = make_profile(load_profile("ramp").model_dump() | {"arrivals": process, "roles": {"visitor": 1.0}})
    times = [arrival.at_s for arrival in _everything(profile)]
    for begin in range(0, 180, 10):
        expected = sum(profile.users_at(begin + part / 10 + 0.05) for part in range(100)) / 10 * profile.rate_per_user
        assert sum(begin <= at_s < begin + 10 for at_s in times) == pytest.approx(expected, abs=4 * expected**0.5 + 1)
    assert sum(at_s < 0 for at_s in times) == pytest.approx(50, abs=4 * 50**0.5)
    if process == "constant":
        assert sum(0 <= at_s < 1 for at_s in times) == pytest.approx(10, abs=2)


def test_the_first_users_of_a_ramp_never_rest() -> None:
    """Who is at work at the lowest point follows the same schedule as without the shape; the last come only at the
    top.
    """
    shaped, flat = _profile(shape=[(0, 4), (10, 8), (20, 4)], warm_up_s=0), _profile(warm_up_s=0)
    assert arrivals(shaped, "visitor", 0, 1) == arrivals(flat, "visitor", 0, 1)
    last = arrivals(shaped, "visitor", 7, 1)
    assert 0 < len(last) < len(arrivals(flat, "visitor", 7, 1))
    assert all(7.5 < arrival.at_s < 12.5 for arrival in last)


def test_a_closed_loop_pauses_within_the_think_time() -> None:
    """Between two requests of a user lies a think time of its own; what it is called names the users, not a rate."""
    profile = _profile(arrivals="closed")
    for index in range(profile.users):
        times = [-profile.warm_up_s, *(arrival.at_s for arrival in arrivals(profile, "visitor", index, 1))]
        assert all(1 <= b - a <= 3 for a, b in pairwise(times))
    assert profile.arrival == "closed loop of 8 users"


def test_what_the_arrivals_are_called() -> None:
    """Rates in requests per second, of a shape at each of its turns."""
    assert _profile().arrival == "Poisson arrivals at 4/s"
    assert _profile(arrivals="constant").arrival == "constant spacing at 4/s"
    assert _profile(shape=[(0, 2), (20, 8)]).arrival == "Poisson arrivals at 1 -> 4/s"


def test_where_a_spike_begins_and_ends() -> None:
    """From the last quiet moment to the first; a slow ramp is none, nor is one that never comes down."""
    assert load_profile("spike").spike() == (8, 20)
    assert load_profile("spike").changed(seconds=100).spike() == (16, 40)
    assert load_profile("ramp").spike() is None
    assert _profile().spike() is None
    assert _profile(shape=[(0, 2), (10, 2), (11, 8), (20, 8)]).spike() is None


def test_users_at_work_between_the_turns() -> None:
    """Straight lines; before the window as at its beginning, after it as at its end."""
    profile = _profile(shape=[(0, 2), (10, 2), (12, 8), (20, 0)])
    assert [profile.users_at(at_s) for at_s in (-1, 0, 9, 11, 12, 16, 20, 30)] == [2, 2, 2, 5, 8, 4, 0, 0]
    assert _profile().users_at(5) == 8


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shape": [[0, 8]]}, "shape: its times must begin at 0 and go up"),
        ({"shape": [[1, 8], [20, 8]]}, "shape: its times must begin at 0 and go up"),
        ({"shape": [[0, 8], [9, 4], [9, 8], [20, 8]]}, "shape: its times must begin at 0 and go up"),
        ({"shape": [[0, 8], [19, 8]]}, "shape: it ends at 19 s, but the measured window is 20 s long"),
        ({"shape": [[0, 2], [20, 7]]}, "shape: at most 7 users are at work in it, but the profile has 8"),
        ({"shape": [[0, 2], [20, 8]], "arrivals": "closed"}, "shape: a closed loop has none"),
        ({"shape": [[0, -1], [20, 8]]}, "shape.0.1: Input should be greater than or equal to 0"),
        ({"arrivals": "sometimes"}, "arrivals: Input should be 'poisson', 'constant' or 'closed'"),
    ],
)
def test_an_impossible_shape_is_named(change: dict[str, object], reason: str) -> None:
    """One sentence says what is wrong with it."""
    with pytest.raises(ProfileError) as caught:
        _profile(**change)
    assert str(caught.value).startswith(f"profile mine: {reason}")
    assert "\n" not in str(caught.value)


def test_other_numbers_stretch_the_shape() -> None:
    """Twice the users in half the time; another rate keeps users and shape and changes how much they think."""
    ramp = load_profile("ramp").changed(users=2000, seconds=90)
    assert ramp.shape[1:3] == ((15, 200), (30, 1000))
    faster = _profile().at_rate(16)
    assert (faster.users, faster.rate, faster.think_s) == (8, 16, (0.25, 0.75))
    with pytest.raises(ProfileError, match="profile mine: 0 requests/s cannot be sent"):
        _profile().at_rate(0)


requests = st.lists(
    st.tuples(
        st.booleans(),  # which of two parts sends it
        st.sampled_from(["inference.chat", "patient.read"]),
        st.floats(0, 12),
        st.floats(0, 40),
        st.sampled_from(["", "", "status 503", "time-out"]),
        st.none() | st.tuples(st.floats(0, 2), st.none() | st.floats(0, 0.2)),
    ),
    max_size=60,
)


@given(requests)
def test_two_parts_are_exactly_the_whole(
    sent: list[tuple[bool, str, float, float, str, tuple[float, float | None] | None]],
) -> None:
    """What two recorders counted, merged, is what one would have counted: every bucket, slice, error and good one."""
    whole, parts = Recorder(OBJECTIVES), (Recorder(OBJECTIVES), Recorder(OBJECTIVES))
    for second, kind, at_s, seconds, error, stream in sent:
        first, later = stream or (None, None)
        for recorder in (whole, parts[second]):
            recorder.request(kind, at_s, seconds, error, stream=StreamTimes(first_token_s=first, per_token_s=later))
            recorder.time("generator:late", seconds / 1000)
    together = merged([_recorded(part) for part in parts])
    assert together.kinds == whole.latencies()
    assert with_users(together.slices, _profile(), 1.0) == with_users(whole.slices(), _profile(), 1.0)


def test_what_one_part_lacks_the_whole_lacks() -> None:
    """A whole is complete only when every part is; it is as busy as its busiest part; a reason is said once."""
    load = _recorded(Recorder())
    sick = replace(load, complete=False, problem="cut short", generator_cpu=0.9)
    together = merged([load, sick, sick])
    assert (together.complete, together.problem, together.generator_cpu) == (False, "cut short", 0.9)


def _recorded(recorder: Recorder) -> Load:
    spec = LoadSpec(target="t", base_url="http://127.0.0.1:1", profile=_profile(), seed=1)
    return replace(empty_record(spec, ""), kinds=recorder.latencies(), slices=recorder.slices(), complete=True)
