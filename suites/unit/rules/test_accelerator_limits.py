"""What the GPUs of a load may be, on loads written by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import Reason, Result, Status
from checks.policy import Policy, load_policy, policy_names
from checks.targets import Accelerator, Load

RULE = read("performance/accelerators_within_limits")
POLICY = load_policy("intelluxe")
FINE, FULL, BUSY = Accelerator("GPU 0", 0.9, 0.85), Accelerator("GPU 1", 0.93, 0.2), Accelerator("GPU 2", 0.2, 0.97)
LOAD = Load(
    profile="gate",
    users=120,
    seconds=60,
    arrival="Poisson arrivals at 12/s",
    seed=1,
    kinds=(),
    generator_cpu=0.1,
    complete=True,
    problem="",
    accelerators=(FINE,),
)


@dataclass
class OneLoad:
    """One load."""

    record: Load

    def load(self, profile: str = "") -> Load:
        """The load."""
        del profile
        return self.record


def judged(load: Load, policy: Policy = POLICY) -> Result:
    """What the check says of a load."""
    return evaluate(RULE, lambda _: OneLoad(load), policy, target="hand")


def test_gpus_at_their_limits_hold() -> None:
    """Two findings for each, with what was seen."""
    result = judged(LOAD)
    assert result.status is Status.PASS
    assert [(f.subject, f.message) for f in result.findings] == [
        ("memory of GPU 0 under 120 users", "90.0% in use at most; the limit is 90%"),
        ("time of GPU 0 under 120 users", "85.0% busy on the whole; the limit is 85%"),
    ]


@pytest.mark.parametrize(
    ("gpu", "broken"),
    [(FULL, "memory of GPU 1 under 120 users"), (BUSY, "time of GPU 2 under 120 users")],
)
def test_one_full_or_busy_gpu_of_several_fails(gpu: Accelerator, broken: str) -> None:
    """The others do not make up for it."""
    result = judged(replace(LOAD, accelerators=(FINE, gpu, FINE)))
    assert result.status is Status.FAIL
    assert [f.subject for f in result.broken] == [broken]


def test_the_policy_sets_the_limits() -> None:
    """Wider ones hold what the usual ones do not."""
    wider = POLICY.performance.model_copy(update={"gpu_memory": 0.95, "gpu_utilisation": 0.97})
    policy = POLICY.model_copy(update={"performance": wider})
    assert judged(replace(LOAD, accelerators=(FULL, BUSY)), policy).status is Status.PASS


@pytest.mark.parametrize(
    ("load", "explanation"),
    [
        (replace(LOAD, accelerators=()), "served by no GPU that could be watched"),
        (replace(LOAD, complete=False, problem="cut short"), "did not run to its end: cut short"),
        (replace(LOAD, generator_cpu=0.95), "the load generator used 95%"),
    ],
)
def test_what_cannot_be_said_is_unknown(load: Load, explanation: str) -> None:
    """No GPU is no proof of room on one."""
    result = judged(load)
    assert (result.status, result.reason) == (Status.UNKNOWN, Reason.COULD_NOT_LOOK)
    assert explanation in result.explanation


def test_only_systems_with_gpus_are_held_to_it() -> None:
    """The others say why it does not apply to them."""
    held = {name for name in policy_names() if load_policy(name).exempts(RULE.id) is None}
    assert held == {"intelluxe", "medical-assistant"}
