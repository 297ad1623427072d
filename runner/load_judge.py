"""What a policy's checks say of one load, without the rest of a deployment."""

from __future__ import annotations

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import Result
from checks.policy import Policy
from checks.targets import Load, Loads
from fixtures.targets.load.finished import FinishedLoad


def judge_load(record: Load, policy: Policy) -> tuple[Result, ...]:
    """The results of every check that looks at loads and nothing else, but for those that the policy leaves out."""
    finished = FinishedLoad(record)
    applicable = [rule for rule in catalogue() if policy.exempts(rule.id) is None]
    rules = [rule for rule in applicable if all(kind is Loads for _, kind in rule.needs)]
    return tuple(evaluate(rule, lambda _: finished, policy, target=record.profile) for rule in rules)
