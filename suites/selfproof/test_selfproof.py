"""No seed, no check: every check that applies fails on each of its violations, and passes on the clean twin."""

from __future__ import annotations

import pytest

from checks.model import Status
from runner.options import rules_of
from runner.order import marks_of
from runner.proving import ProofCase, Proving, proof_cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each proof of each check of the catalogue and of ``--checks``."""
    cases = proof_cases(rules_of(metafunc.config))
    marked = [pytest.param(c, id=c.name, marks=[pytest.mark.selfproof, *marks_of(c.rule)]) for c in cases]
    metafunc.parametrize("case", marked)


def test_the_check_is_proven(case: ProofCase, proving: Proving) -> None:
    """FAIL on a violation, PASS on the clean twin; UNKNOWN is no proof of either. What the policy leaves out needs
    none.
    """
    outcome = proving(case)
    if outcome.result.status is Status.NOT_APPLICABLE:
        pytest.skip(outcome.result.explanation)
    if not outcome.proven:
        result = outcome.result
        seen = [f"{f.subject}: {f.message}" for f in (result.broken or result.findings)][:3]
        pytest.fail(f"wanted {case.wanted}, got {result.status} {result.explanation} {seen}", pytrace=False)
