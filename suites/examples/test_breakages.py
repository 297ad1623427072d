"""The examples: each check that a way to break one names passes while it is sound, and does not once it is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import Result, Status
from checks.policy import load_policy
from examples.catalogue import BREAKAGES, EXAMPLES, Example
from examples.common.breaking import Breakage, broken
from fixtures import REPOSITORY
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import read_target
from fixtures.hosts.files import write_private
from fixtures.stack import runs
from fixtures.stack.rising import rise


@dataclass(frozen=True)
class Standing:
    """An example that is up, and the files that describe it."""

    name: str
    made: Example
    target: Path

    def judge(self, check: str) -> Result:
        """The result of one check, looked at anew."""
        target = read_target(self.target)
        rule = next(rule for rule in catalogue() if rule.id == check)
        policy = load_policy(str(REPOSITORY / "examples" / self.name / "policy.toml"))
        deployment = Deployment(target)
        try:
            return evaluate(rule, deployment.find, policy, target=target.name)
        finally:
            deployment.close()


@pytest.fixture(scope="session")
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One example at a time."""
    name = str(request.param)
    _, hosts = runs.begin()
    try:
        made = EXAMPLES[name](hosts)
        rise(made.components)
        target = tmp_path_factory.mktemp(name) / "target.toml"
        write_private(target, made.describe())
        yield Standing(name, made, target)
    finally:
        hosts.close()


_CASES = [
    pytest.param(name, breakage, id=f"{name}: {breakage.name}")
    for name, breakages in BREAKAGES.items()
    for breakage in breakages
]


@pytest.mark.example
@pytest.mark.parametrize(("standing", "breakage"), _CASES, indirect=["standing"])
def test_a_breakage_is_named_by_its_check(standing: Standing, breakage: Breakage) -> None:
    """PASS before, FAIL or UNKNOWN, which both keep a deployment back, while it is broken, and PASS again after."""
    before = standing.judge(breakage.check)
    assert before.status is Status.PASS, before
    with broken(standing.made.breakable, breakage):
        seen = standing.judge(breakage.check)
    assert seen.status in (Status.FAIL, Status.FAIL if breakage.certain else Status.UNKNOWN), seen
    after = standing.judge(breakage.check)
    assert after.status is Status.PASS, after
