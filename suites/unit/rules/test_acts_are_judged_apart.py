"""What one act shows says nothing of another: entries of a trail, and answers about somebody else's records."""

from __future__ import annotations

import pytest

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import Result, Status
from checks.policy import load_policy
from checks.targets import Account
from suites.unit.rules.small_clinic import LIST, PHYSICIAN, READ, SmallClinic

NURSE = Account("nurse", "nurse", "north")


def _judged(check: str, clinic: SmallClinic) -> Result:
    return evaluate(read(check), lambda _: clinic, load_policy("default"), target="in memory")


def test_every_act_with_an_entry_of_its_own_passes() -> None:
    """Also without request ids."""
    assert _judged("audit/every_access_recorded", SmallClinic([PHYSICIAN, NURSE])).status is Status.PASS


@pytest.mark.parametrize("forgotten", [LIST.name, READ.name])
def test_the_entry_of_one_act_does_not_stand_for_another(forgotten: str) -> None:
    """By the same person at the same time: the one that left none fails."""
    result = _judged("audit/every_access_recorded", SmallClinic([PHYSICIAN, NURSE], forgets=[forgotten]))
    assert result.status is Status.FAIL
    assert f"{forgotten} by doctor" in [finding.subject for finding in result.broken]


def test_who_may_not_is_refused() -> None:
    """The matrix holds where everybody is of one tenant."""
    assert _judged("access/role_matrix_enforced", SmallClinic([PHYSICIAN, NURSE])).status is Status.PASS


def test_a_record_that_is_hidden_as_anothers_says_nothing_of_rights() -> None:
    """404 to somebody of another tenant is what a physician of that tenant would get, too."""
    stranger = Account("nurse", "nurse", "south")
    result = _judged("access/role_matrix_enforced", SmallClinic([PHYSICIAN, stranger]))
    assert (result.status, "says nothing of rights" in result.explanation) == (Status.UNKNOWN, True)
