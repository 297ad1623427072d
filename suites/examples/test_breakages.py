"""The examples: sound they are approved, and each way to break one is named by a check that keeps it back."""

from __future__ import annotations

import pytest

from checks.model import Severity, Status
from examples.catalogue import BREAKAGES
from examples.common.breaking import Breakage, broken
from reports.records import Verdict
from suites.examples.standing import StandingExample

_CASES = [
    pytest.param(name, breakage, id=f"{name}: {breakage.name}")
    for name, breakages in BREAKAGES.items()
    for breakage in breakages
]


@pytest.mark.example
@pytest.mark.parametrize(("standing", "breakage"), _CASES, indirect=["standing"], scope="session")  # brought up once
def test_a_breakage_is_named_by_its_check(standing: StandingExample, breakage: Breakage) -> None:
    """PASS before, FAIL while it is broken, which alone turns APPROVED into REJECTED or CONDITIONAL; PASS again after.

    Decided is by the example's own policy, on every check as it was when nothing was broken and on this one anew.
    """
    before = standing.judge(breakage.check)
    assert before.status is Status.PASS, before
    sound = standing.decision(before)
    assert (sound.verdict, sound.rejections, sound.conditions) == (Verdict.APPROVED, (), ())
    with broken(standing.made.breakable, breakage):
        seen = standing.judge(breakage.check)
    assert seen.status is Status.FAIL, seen
    kept_back = standing.decision(seen)
    critical = seen.severity is Severity.CRITICAL
    assert kept_back.verdict is (Verdict.REJECTED if critical else Verdict.CONDITIONAL)
    assert [ground.subject for ground in kept_back.rejections + kept_back.conditions] == [breakage.check]
    after = standing.judge(breakage.check)
    assert after.status is Status.PASS, after
