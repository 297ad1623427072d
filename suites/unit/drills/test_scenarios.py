"""Scenarios of a reference stack: what each takes, which are played, and that none is left out in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from checks.model import CannotLookError
from checks.policy import load_policy
from checks.targets import Confine, Continuity, Impair, Isolate, Kill
from fixtures.deployment.opening import Opening
from fixtures.deployment.target_file import TargetError
from fixtures.drills.faults import Fault, hosts_killed, network_impaired, services_killed
from fixtures.drills.order import STANDARD, DrillOrder
from fixtures.drills.scenarios import SCENARIOS, Breakable, Scenario
from fixtures.hosts import Host, HostError
from fixtures.hosts.loopback import LoopbackHost
from fixtures.services.redis import RedisCluster
from fixtures.stack import runs
from fixtures.stack.topology import Stack

pytestmark = pytest.mark.unit


def test_every_scenario_says_what_it_is_for() -> None:
    assert STANDARD in SCENARIOS
    assert len(SCENARIOS) >= 15
    assert all(scenario.summary and scenario.name == name for name, scenario in SCENARIOS.items())
    waits = {name for name, s in SCENARIOS.items() if s.promise.writes is Continuity.WAIT}
    assert waits == {"both-replicas-killed", "stale-replica-first"}
    assert waits <= set(load_policy("default").recovery.may_degrade)
    assert all(SCENARIOS[name].pace.broken_s > 0 for name in waits)  # or nothing would be seen to wait


def test_which_are_played() -> None:
    there = ("a", STANDARD)
    assert DrillOrder().of(there) == (STANDARD,)
    assert DrillOrder(every=True).of(there) == there
    assert DrillOrder(named=("gone", "a"), every=True).of(there) == ("gone", "a")
    assert DrillOrder(named=("a", "b"), repeat=2).of(there) == ("a, run 1", "b, run 1", "a, run 2", "b, run 2")
    judged = DrillOrder(named=("a",), judged=True)
    assert judged.of(there) == ("a", STANDARD)
    assert replace(judged, every=True).of(("a", "b")) == ("a", "b")
    assert [judged.left_out(name) for name in ("a", "b")] == [False, True]
    assert not DrillOrder(every=True, judged=True).left_out("b")
    assert DrillOrder().of(("a",)) == (STANDARD,)  # which is not there: asked for all the same, and then UNKNOWN


def test_a_name_that_nobody_knows_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no scenario named power-cut: a reference stack has primary-host-killed, "):
        Opening(drill_order=DrillOrder(named=("power-cut",))).check()
    target = tmp_path / "target.toml"
    target.write_text("name = 'mine'\n[drills.power-cut]\ninject = ['true']\nheal = ['true']\n")
    Opening(target, drill_order=DrillOrder(named=("power-cut",))).check()
    with pytest.raises(TargetError, match=f"no scenario named {STANDARD}: the drills of .* are power-cut"):
        Opening(target, drill_order=DrillOrder(named=(STANDARD,))).check()


def _never(scenario: Scenario, stack: Breakable, hosts: Sequence[Host]) -> Fault:
    raise AssertionError((scenario, stack, hosts))


def test_an_ability_that_a_host_lacks_is_named(tmp_path: Path) -> None:
    """On loopback there is no network to be cut off from; nothing is broken then."""
    host = LoopbackHost("pg1", "127.9.9.9", tmp_path, "r")
    lacking = Scenario("cut", "a host is cut off", lambda _: [host], _never, needs=Isolate)
    _, driver = runs.begin(driver="loopback")
    try:
        with pytest.raises(CannotLookError, match=r"^pg1 cannot be cut off the network: its driver has no"):
            lacking.fault_on(Stack(driver))
        able = replace(lacking, needs=Kill)
        with pytest.raises(AssertionError):
            able.fault_on(Stack(driver))
    finally:
        driver.close()


@pytest.mark.parametrize(
    ("ability", "words"),
    [(Impair, "pg1 cannot be slowed down: its driver"), (Confine, "pg1 cannot be given a volume of its own: its")],
)
def test_what_no_loopback_host_can_suffer_is_named(ability: type, words: str, tmp_path: Path) -> None:
    host = LoopbackHost("pg1", "127.9.9.9", tmp_path, "r")
    lacking = Scenario("rare", "a host suffers", lambda _: [host], _never, needs=ability)
    _, driver = runs.begin(driver="loopback")
    try:
        with pytest.raises(CannotLookError, match=f"^{words}"):
            lacking.fault_on(Stack(driver))
    finally:
        driver.close()


def test_a_fault_that_breaks_nothing_is_no_drill(tmp_path: Path) -> None:
    """Or every promise would be kept. The heal does no harm."""
    host = LoopbackHost("pg1", "127.9.9.9", tmp_path, "r")
    fault = hosts_killed("idle", [host], [])
    with pytest.raises(HostError, match="nothing was broken: nothing ran there"):
        fault.inject()
    fault.heal()


class _Lossy:
    """A host that says how many packets it lost."""

    def __init__(self, name: str, lost: int) -> None:
        self.name, self._lost = name, lost

    def impair(self, addresses: Sequence[str], *, kilobits_per_s: int, loss: float) -> None:
        """See `checks.targets.Impair.impair`."""

    def unimpair(self) -> None:
        """See `checks.targets.Impair.unimpair`."""

    def lost(self) -> int:
        """See `checks.targets.Impair.lost`."""
        return self._lost


@pytest.mark.parametrize("lost", [(0, 0), (0, 3)])
def test_a_network_that_lost_nothing_was_not_impaired(lost: tuple[int, int]) -> None:
    hosts = [_Lossy("router1", lost[0]), _Lossy("router2", lost[1])]
    fault = network_impaired("slow", cast("list[Host]", hosts), ["10.0.0.1"], kilobits_per_s=1000, loss=0.02)
    fault.inject()
    if any(lost):
        fault.confirm()
    else:
        with pytest.raises(HostError, match=r"^nothing was broken: router1, router2 lost no packet$"):
            fault.confirm()
    fault.heal()


def test_what_runs_on_is_not_broken() -> None:
    """It is waited for, for what was killed takes a moment to end; what was not killed never does."""
    _, driver = runs.begin(driver="loopback")
    try:
        stack = Stack(driver)
        cluster: RedisCluster = stack.redis
        cluster.services[0].start()
        fault = hosts_killed("another", [cluster.services[1].host], cluster.services[:1])
        with pytest.raises(HostError, match=f"^nothing was broken: {cluster.services[0].name} runs on$"):
            fault.inject()
    finally:
        driver.close()


def test_what_was_killed_is_started_again_and_only_that() -> None:
    _, driver = runs.begin(driver="loopback")
    try:
        stack = Stack(driver)
        cluster: RedisCluster = stack.redis
        one, other = cluster.services[:2]
        for node in (one, other):
            node.start()
        kept = other.host.process(other.name)
        fault = services_killed("cache-killed", [one])
        fault.inject()
        assert (one.host.process(one.name), other.host.process(other.name)) == (None, kept)
        fault.heal()
        fault.heal()
        assert one.host.process(one.name)
        assert other.host.process(other.name) == kept
    finally:
        driver.close()
