"""No seed, no check: every check fails on each of its violations, and passes on the clean twin."""

from __future__ import annotations

import pytest

from checks.catalogue import catalogue
from suites.proving import Attempt, attempts
from suites.session import GateSession, marks_of

ATTEMPTS = attempts(catalogue())


@pytest.mark.parametrize(
    "attempt", [pytest.param(a, id=a.name, marks=[pytest.mark.selfproof, *marks_of(a.rule)]) for a in ATTEMPTS]
)
def test_the_check_is_proven(attempt: Attempt, gate_session: GateSession) -> None:
    """FAIL on a violation, PASS on the clean twin; UNKNOWN is no proof of either."""
    outcome = gate_session.prove(attempt)
    if not outcome.proven:
        result = outcome.result
        seen = [f"{f.subject}: {f.message}" for f in (result.broken or result.findings)][:3]
        pytest.fail(f"wanted {attempt.wanted}, got {result.status} {result.explanation} {seen}", pytrace=False)
