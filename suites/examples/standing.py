"""An example that is up, for the tests of this folder: what a check says of it, and what a gate would decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from checks.catalogue import catalogue, controls
from checks.evaluate import evaluate
from checks.model import Check, Finding, Result, Status
from checks.policy import Policy, load_policy
from checks.targets import Drills, Loads
from examples.catalogue import Example
from fixtures import REPOSITORY
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import read_target
from reports.decide import Criteria, RunPeriod, decide, violation_name
from reports.records import Decision, SelfProof

_STRAINING = (Loads, Drills)


@dataclass(frozen=True)
class StandingExample:
    """An example that is up, and the files that describe it."""

    name: str
    made: Example
    target: Path

    @property
    def policy(self) -> Policy:
        """What the example promises."""
        return load_policy(str(REPOSITORY / "examples" / self.name / "policy.toml"))

    def judge(self, check: str) -> Result:
        """The result of one check, looked at anew."""
        return self._judged([rule for rule in catalogue() if rule.id == check])[check]

    @cached_property
    def sound(self) -> dict[str, Result]:
        """What every check says before anything is broken, by its id; looked at once.

        Checks of loads and drills, which take minutes, are taken to pass: a whole gate of the example asks them.
        """
        applicable = [rule for rule in catalogue() if self.policy.exempts(rule.id) is None]
        peaceful = [rule for rule in applicable if not _strains(rule)]
        return self._judged(peaceful) | {rule.id: _taken_to_pass(rule) for rule in applicable if _strains(rule)}

    def decision(self, *seen: Result) -> Decision:
        """What is decided where all is as it was when sound, but for the checks that were looked at anew.

        Every check is taken as proven, which is what the self-proof is for.
        """
        now = datetime.now(UTC)
        rules = catalogue()
        return decide(
            (self.sound | {result.check_id: result for result in seen}).values(),
            Criteria(self.policy, rules, controls()),
            proofs=_taken_as_proven(rules, now),
            period=RunPeriod(now, now.date()),
        )

    def _judged(self, rules: Iterable[Check]) -> dict[str, Result]:
        target = read_target(self.target)
        deployment = Deployment(target)
        try:
            return {
                rule.id: evaluate(rule, deployment.find, self.policy, target=target.name, absent=deployment.absent())
                for rule in rules
            }
        finally:
            deployment.close()


def _strains(rule: Check) -> bool:
    return any(kind in _STRAINING for _, kind in rule.needs)


def _taken_to_pass(rule: Check) -> Result:
    finding = Finding("loads and drills", ok=True, message="are taken to be as in a gate of the sound example")
    return Result(
        check_id=rule.id,
        claim=rule.claim,
        gate=rule.gate,
        severity=rule.severity,
        controls=rule.controls,
        status=Status.PASS,
        findings=(finding,),
        target="",
    )


def _taken_as_proven(rules: Iterable[Check], at: datetime) -> list[SelfProof]:
    return [
        SelfProof(
            check=rule.id,
            violation=violation_name(violation),
            status=Status.FAIL,
            at=at,
            on="taken as proven",
            clean_status=Status.PASS,
        )
        for rule in rules
        for violation in rule.violations
    ]
