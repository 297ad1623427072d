"""Which checks are judged in which run: none that a user wrote is left out of both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.catalogue import catalogue
from runner.order import marks_of, of_drills

pytestmark = pytest.mark.unit

_ANY = next(rule for rule in catalogue() if rule.id == "audit/chain_intact")


@pytest.mark.parametrize(
    ("identity", "drills_only", "marks"),
    [
        ("own/clinic/failover_is_told", True, {"drill"}),
        ("own/clinic/failover_is_told", False, {"gate"}),
        ("own/recovery/failover_is_told", False, {"gate", "drill"}),
        ("audit/chain_intact", False, {"gate", "drill"}),
    ],
)
def test_where_a_check_is_judged(identity: str, drills_only: bool, marks: set[str]) -> None:  # noqa: FBT001
    rule = replace(_ANY, id=identity, drills_only=drills_only)
    assert {mark.name for mark in marks_of(rule)} == marks
    assert of_drills(rule) == ("drill" in marks)
