"""The lab's drills under each kind of promise: the sound twin of every violation holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.lab import DrillFlaws
from checks.model import Status
from checks.policy import load_policy
from checks.targets import Continuity, RecoveryPromise
from fixtures.lab.builders import LabBuilder
from fixtures.lab.laboratory import Laboratory

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    made = Laboratory()
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(
    ("check", "flaws"),
    [
        # A restart under a promise that a busy machine keeps, too; one of three seconds under a shorter one is found.
        (
            "recovery_time_within_objective",
            DrillFlaws(promise=RecoveryPromise(writes=Continuity.CONTINUE, gap_s=30.0)),
        ),
        (
            "recovery_time_within_objective",
            DrillFlaws(promise=RecoveryPromise(writes=Continuity.WAIT, reads=Continuity.WAIT), restarted=False),
        ),
        ("one_writable_primary", DrillFlaws(paused=True)),
    ],
    ids=["goes on", "waits for the heal", "stopped, and nobody took over"],
)
def test_the_sound_twin_holds(check: str, flaws: DrillFlaws, laboratory: Laboratory) -> None:
    rule = next(rule for rule in catalogue() if rule.id == f"recovery/{check}")
    with laboratory.bench() as bench:
        drills = LabBuilder(bench).build(flaws)
        policy = load_policy("default")
        recovery = policy.recovery.model_copy(update={"may_degrade": drills.scenarios()})
        policy = policy.model_copy(update={"recovery": recovery})
        seen = evaluate(rule, lambda _: drills, policy, target="the lab")
    assert (seen.status, seen.explanation) == (Status.PASS, "")
