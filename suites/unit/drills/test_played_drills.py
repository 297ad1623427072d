"""Scenarios one after the other: each on a deployment that is whole, and the next is not begun while it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from checks.model import CannotLookError, Reason
from checks.targets import Continuity, RecoveryPromise
from fixtures.drills.faults import Fault
from fixtures.drills.judgement import RestorationTerms
from fixtures.drills.order import DrillOrder
from fixtures.drills.subject import Pace
from fixtures.hosts import HostError
from fixtures.services import ServiceError
from fixtures.targets.drills.target import RecordedDrills, Scene
from suites.unit.drills.notes import LISTED, Notes, drilled

pytestmark = pytest.mark.unit

_PACE = Pace(
    baseline_s=0.3,
    steady_s=1.0,
    window_s=2.0,
    redundancy_s=0.5,
    terms=RestorationTerms(rate_hz=20, stable_s=0.5, noise_s=0.5),
)


@dataclass
class _System:
    """Breaks nothing by itself: ``breaks`` does, by the name of a scenario."""

    breaks: dict[str, Callable[[], object]]
    missing: list[str] = field(default_factory=list)
    healed: list[str] = field(default_factory=list)
    promise: RecoveryPromise = field(default_factory=RecoveryPromise)
    confirm: Callable[[], object] = lambda: None

    def scenarios(self) -> tuple[str, ...]:
        return tuple(self.breaks)

    def scene(self, scenario: str) -> Scene:
        heal = partial(self.healed.append, scenario)
        fault = Fault(scenario, "it is broken", self.breaks[scenario], heal, confirm=self.confirm)
        return Scene(fault, {}, 1, lambda: True, lambda: self.missing, promise=self.promise, pace=_PACE)


@contextmanager
def _playing(
    system: _System, directory: Path, notes: Notes | None = None, repeat: int = 1
) -> Iterator[tuple[RecordedDrills, list[str]]]:
    said: list[str] = []
    with drilled(LISTED, notes or Notes()) as (traffic, _):
        yield (
            RecordedDrills(system, traffic.means, directory, DrillOrder(every=True, repeat=repeat, say=said.append)),
            said,
        )


def test_each_is_played_once_and_told_about(tmp_path: Path) -> None:
    system = _System({"a": lambda: "broken by hand", "b": lambda: None})
    with _playing(system, tmp_path) as (drills, said):
        assert drills.scenarios() == ("a", "b")
        assert drills.whole()
        first, again, other = drills.drill("a"), drills.drill("a"), drills.drill("b")
    assert first is again
    assert (first.scenario, first.fault, other.scenario) == ("a", "it is broken: broken by hand", "b")
    assert first.rto_s is not None
    assert first.redundancy_s == pytest.approx(0, abs=0.4)
    assert (first.lost, first.complete_read) == ((), True)
    assert drills.finished() == (first, other)
    assert drills.whole()
    assert system.healed == ["a", "b"]
    assert said[:2] == ["drill a: breaking it: it is broken", "drill a: healing it"]


def test_what_is_left_out_of_a_verdict_is_named(tmp_path: Path) -> None:
    """Or the easiest scenario alone would be an approval."""
    system = _System({"a": lambda: None, "b": lambda: pytest.fail("it was broken")})
    with drilled(LISTED, Notes()) as (traffic, _):
        order = DrillOrder(named=("a",), every=True, judged=True)
        drills = RecordedDrills(system, traffic.means, tmp_path, order)
        assert drills.scenarios() == ("a", "b")
        with pytest.raises(CannotLookError, match=r"^left out: --scenario names a$") as left:
            drills.drill("b")
        assert left.value.reason is Reason.NOT_RUN
        assert drills.drill("a").scenario == "a"


def test_what_is_repeated_is_another_drill_each_time(tmp_path: Path) -> None:
    system = _System({"a": lambda: None})
    with _playing(system, tmp_path, repeat=2) as (drills, _):
        one, two = (drills.drill(name) for name in drills.scenarios())
    assert (one.scenario, two.scenario) == ("a, run 1", "a, run 2")
    assert system.healed == ["a", "a"]
    assert sorted(name.partition("-run-")[2][0] for name in drills.ledgers()) == ["1", "2"]


def test_what_is_not_whole_afterwards_is_broken_no_further(tmp_path: Path) -> None:
    system = _System({"a": lambda: system.missing.append("router1"), "b": lambda: pytest.fail("it was broken")})
    with _playing(system, tmp_path) as (drills, _):
        assert drills.drill("a").scenario == "a"
        assert not drills.whole()
        for _ in range(2):
            with pytest.raises(CannotLookError, match=r"^not begun: router1 was not ready 0\.5 s after a$"):
                drills.drill("b")
    assert system.healed == ["a"]


def test_a_fault_that_cannot_be_made_is_healed_and_not_tried_again(tmp_path: Path) -> None:
    tried: list[str] = []

    def refuse() -> None:
        tried.append("a")
        msg = "nothing was broken: pg1 answers"
        raise ServiceError(msg)

    system = _System({"a": refuse})
    with _playing(system, tmp_path) as (drills, _):
        for _ in range(2):
            with pytest.raises(CannotLookError, match=r"the drill could not be run: nothing was broken: pg1 answers"):
                drills.drill("a")
        assert drills.whole()
    assert (tried, system.healed) == (["a"], ["a"])


def test_a_fault_that_broke_nothing_after_all_is_no_drill(tmp_path: Path) -> None:
    """It is asked last before the heal, which it gets all the same."""
    system = _System({"a": lambda: None})
    healed_then: list[list[str]] = []

    def confirm() -> None:
        healed_then.append([*system.healed])
        msg = "nothing was broken: router1 lost no packet"
        raise HostError(msg)

    system.confirm = confirm
    with _playing(system, tmp_path) as (drills, _):
        with pytest.raises(CannotLookError, match=r"the drill could not be run: nothing was broken: router1 lost no"):
            drills.drill("a")
        assert drills.finished() == ()
    assert (healed_then, system.healed) == ([[]], ["a"])


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        (Notes(refuse=422), "^no write was acknowledged before the fault$"),
        (Notes(blind=True), "^nothing was broken, for it was not steady: .*, 0 of [1-9][0-9]* reads answered$"),
    ],
    ids=["writes", "reads"],
)
def test_nothing_is_broken_that_is_not_steady(tmp_path: Path, notes: Notes, words: str) -> None:
    system = _System({"a": lambda: pytest.fail("it was broken")})
    with _playing(system, tmp_path, notes) as (drills, _), pytest.raises(CannotLookError, match=words):
        drills.drill("a")
    assert system.healed == []


def test_a_heal_that_is_interrupted_is_done_all_the_same(tmp_path: Path) -> None:
    system = _System({"a": lambda: None})

    class Interrupted(list[str]):
        def append(self, scenario: str) -> None:
            super().append(scenario)
            if len(self) == 1:
                raise KeyboardInterrupt

    system.healed = Interrupted()
    with _playing(system, tmp_path) as (drills, _), pytest.raises(KeyboardInterrupt):
        drills.drill("a")
    assert system.healed == ["a", "a"]
    assert not drills.whole()  # nobody looked, so the watcher is not told that all is well


def test_what_may_wait_is_looked_on_until_it_is_served_again(tmp_path: Path) -> None:
    """Writes are refused from the fault on, and served again from the heal on."""
    notes = Notes()
    system = _System({"a": lambda: setattr(notes, "refuse", 422)}, promise=RecoveryPromise(Continuity.WAIT))
    system.healed = _Healing(notes)
    with _playing(system, tmp_path, notes) as (drills, _):
        drill = drills.drill("a")
    assert drill.rto_s is None
    assert drill.healed_rto_s is not None
    assert drill.failed_yet_present == ()


class _Healing(list[str]):
    """Lets notes be taken again when something is healed."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def append(self, scenario: str) -> None:
        self._notes.refuse = 0
        super().append(scenario)
