"""The gate: every check of the catalogue on the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks.model import Check, Status
from runner.options import rules_of
from runner.order import in_running_order, marks_of

if TYPE_CHECKING:
    from runner.session import GateSession


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each check of the catalogue and of ``--checks``."""
    rules = in_running_order(rules_of(metafunc.config))
    metafunc.parametrize("rule", [pytest.param(rule, id=rule.id, marks=marks_of(rule)) for rule in rules])


def test_the_deployment_holds(rule: Check, gate_session: GateSession) -> None:
    """PASS or WAIVED; NOT_APPLICABLE where the policy says so; everything else fails with the remedy."""
    result = gate_session.judge(rule)
    if result.status is Status.NOT_APPLICABLE:
        pytest.skip(result.explanation)
    if result.status not in (Status.PASS, Status.WAIVED):
        lines = [f"{f.subject}: {f.message} -> {f.remedy}" for f in result.broken] or [result.explanation]
        pytest.fail(f"{result.status} {rule.id} {' '.join(rule.controls)}\n" + "\n".join(lines), pytrace=False)
