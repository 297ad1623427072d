"""A weaker load under the same name shows nothing: its whole profile is signed, and a policy says what it takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import Result, Status
from checks.policy import PerformancePolicy, Policy, load_policy
from checks.targets import Latencies, Load
from fixtures import REPOSITORY
from fixtures.targets.load.finished import FinishedLoad
from loadtests.schedules.profiles import Profile, load_profile, make_profile
from loadtests.schedules.recorded import schedule_of
from reports.figures import LoadRecord
from reports.render.junit import junit
from reports.writer import PublishError, publish
from suites.unit.load.load_command import bare_target, load_command, record_of
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit

GATE = load_profile("gate")
SHORT = """
[gate]
users = 4
think_s = [0.1, 0.3]
seconds = {seconds}
roles = {{ visitor = 1.0 }}
"""


def _load(profile: Profile = GATE) -> Load:
    """A perfect one."""
    return Load(
        profile=profile.name,
        users=profile.users,
        seconds=profile.seconds,
        arrival=profile.arrival,
        seed=1,
        kinds=(Latencies("patient.read", (10.0,), (20_000,), {}),),
        generator_cpu=0.1,
        complete=True,
        problem="",
        schedule=schedule_of(profile),
    )


def _judged(load: Load, **performance: object) -> Result:
    limits = PerformancePolicy.model_validate({"users": 10} | performance)
    policy: Policy = load_policy("default").model_copy(update={"performance": limits})
    rule = read("performance/error_rate_within_limit")
    return evaluate(rule, lambda _kind: FinishedLoad(load), policy, target="unit")


DIGEST = schedule_of(GATE).digest
WEAKER = {
    "thinks longer": GATE.at_rate(2),
    "shorter": GATE.changed(seconds=5),
    "mostly reads a page": make_profile(GATE.model_dump() | {"roles": {"visitor": 0.9, "nurse": 0.1}, "actions": {}}),
    "at work for a moment": make_profile(GATE.model_dump() | {"shape": [[0, 120], [1, 0], [48, 0]]}),
    "follows the server": GATE.changed(arrivals="closed"),
}


@pytest.mark.parametrize("promise", [{}, {"load_seconds": 48, "load_rate": 20, "load_profiles": {"gate": DIGEST}}])
def test_the_load_that_is_asked_for_is_judged(promise: dict[str, object]) -> None:
    assert _judged(_load(), **promise).status is Status.PASS


@pytest.mark.parametrize("weaker", WEAKER)
def test_a_weaker_profile_of_the_same_name_is_no_verdict(weaker: str) -> None:
    """However well it went; by the digest, and without one most of them by seconds and rate."""
    load = _load(WEAKER[weaker])
    assert (load.profile, _judged(load).status) == ("gate", Status.PASS), "or the digest would find nothing"
    told = _judged(load, load_profiles={"gate": DIGEST})
    assert (told.status, "another profile of the name" in told.explanation) == (Status.UNKNOWN, True)
    floored = _judged(load, load_seconds=48, load_rate=20).status
    assert floored is (Status.PASS if weaker == "mostly reads a page" else Status.UNKNOWN)


def test_what_does_not_say_what_was_ordered_is_not_believed() -> None:
    """Where the policy asks for it."""
    untold = replace(_load(), schedule=None)
    assert _judged(untold).status is Status.PASS
    for promise in ({"load_rate": 1}, {"load_profiles": {"gate": DIGEST}}):
        assert _judged(untold, **promise).status is Status.UNKNOWN


def test_the_rate_is_the_mean_over_the_window() -> None:
    """Of a shape its area, and of a closed loop none."""
    shaped = make_profile(GATE.model_dump() | {"shape": [[0, 0], [24, 120], [48, 0]]})
    assert schedule_of(GATE).rate == pytest.approx(20)
    assert schedule_of(shaped).rate == pytest.approx(10)
    assert schedule_of(GATE.changed(arrivals="closed")).rate == 0


def test_a_real_load_says_what_was_ordered_and_is_held_to_it(page: str, tmp_path: Path) -> None:
    """Sent to a real server by a profile that calls itself the gate's."""
    target, profile, policy = (tmp_path / name for name in ("target.toml", "mine.toml", "strict.toml"))
    bare_target(tmp_path, page)
    profile.write_text(SHORT.format(seconds=2))
    default = (REPOSITORY / "checks/policies/default.toml").read_text()
    policy.write_text(f"{default}\n[performance]\nusers = 4\nload_seconds = 48\n")
    options = ("--target", str(target), "--profile", f"{profile}:gate", "--seed", "1", "--json")
    done = load_command(*options, "--policy", str(policy))
    record = record_of(done)
    assert record.schedule is not None
    ordered = json.loads(record.schedule.text)
    assert (ordered["name"], ordered["seconds"], ordered["think_s"]) == ("gate", 2.0, [0.1, 0.3])
    explained = [check["explanation"] for check in json.loads(done.stdout)["checks"]]
    assert (done.exit_code, "the promise takes a load of 48 s" in str(explained)) == (3, True)


@pytest.mark.parametrize("lie", [{"users": 4000}, {"seconds": 9.0}, {"schedule_digest": "0" * 64}, {"schedule": "{}"}])
def test_a_report_signs_the_whole_schedule_of_its_loads(lie: dict[str, object], tmp_path: Path) -> None:
    """And no figure that contradicts it."""
    honest = document().model_copy(update={"load": (LoadRecord.of(_load()),)})
    assert junit(honest), "it can be rendered"
    published = publish(tmp_path / "gate", "run-1", honest)
    kept = published.verified.document.load[0]
    assert (json.loads(kept.schedule)["think_s"], kept.schedule_digest, kept.rate) == ([3.0, 9.0], DIGEST, 20.0)
    false = honest.model_copy(
        update={
            "load": (kept.model_copy(update=lie),),
            "identity": honest.identity.model_copy(update={"run_id": "run-2"}),
        }
    )
    with pytest.raises(PublishError, match="The load gate is not what its schedule says"):
        publish(tmp_path / "gate", "run-2", false)
