"""A check that the policy leaves out is neither proven nor judged; nothing else gets out of either."""

from __future__ import annotations

from typing import cast

import pytest

from checks.model import Status
from fixtures.lab.laboratory import Laboratory
from runner.proving import ProofCase, exempted, make_if_applicable
from suites.unit.reports.report_samples import policy, rule

LEFT_OUT, OTHER = rule("left_out"), rule("other")
POLICY = policy(not_applicable=({"check": "room/left_out", "reason": "there is no such part"},))


def test_only_the_named_check_is_left_out_with_the_policys_reason() -> None:
    """The reason is what the report and the test say."""
    result = exempted(LEFT_OUT, POLICY, "stack")
    assert result is not None
    assert (result.status, result.explanation) == (Status.NOT_APPLICABLE, "there is no such part")
    assert (result.check_id, result.findings, result.target) == ("room/left_out", (), "stack")
    assert exempted(OTHER, POLICY, "stack") is None
    assert exempted(LEFT_OUT, policy(), "stack") is None


def test_a_whole_room_is_left_out_by_one_line() -> None:
    """Of that name and no other, however it begins."""
    room = policy(not_applicable=({"check": "room/*", "reason": "there is no such part"},))
    assert exempted(LEFT_OUT, room, "stack") == exempted(LEFT_OUT, POLICY, "stack")
    assert exempted(OTHER, room, "stack") is not None
    assert [room.exempts(name) for name in ("rooms/left_out", "own/room/left_out", "room")] == [None, None, None]


@pytest.mark.parametrize("name", ["*", "room/", "room/left*", "*/left_out", "/left_out"])
def test_nothing_else_stands_for_several_checks(name: str) -> None:
    """A policy that exempted by a pattern would exempt what nobody read."""
    with pytest.raises(ValueError, match=r"not_applicable.0.check\s+String should match"):
        policy(not_applicable=({"check": name, "reason": "there is no such part"},))


def test_a_check_that_is_left_out_builds_nothing_in_the_lab() -> None:
    """Its violation may need what this machine lacks; the outcome proves nothing."""
    no_lab = cast("Laboratory", None)
    for violation in (None, *LEFT_OUT.violations):
        outcome = make_if_applicable(ProofCase(LEFT_OUT, violation), no_lab, POLICY)
        assert outcome.result.status is Status.NOT_APPLICABLE
        assert not outcome.proven
