"""The mechanism that answers on the nodes, audited in process: its claim stands, and half of its noise does not
pass.
"""

from __future__ import annotations

import pytest

from checks.dp_audit.audit import audit
from checks.dp_audit.bounds import gaussian_epsilon
from checks.dp_audit.model import AuditOutcome, AuditPlan, AuditVerdict
from fixtures.services.hospital import DELTA, EPSILON, NOISE_MULTIPLIER
from suites.privacy.own_mechanism import ANSWERS, COUNTS_IN_ONE_BIN, NEEDED, Answers, claim

pytestmark = pytest.mark.privacy

_ALPHA = 1e-6
_GROUP, _SAMPLES = 48, 2400


def _audited(answers: Answers, multiplier: float, *, patients: int, samples: int) -> AuditVerdict:
    settings = AuditPlan(samples, _ALPHA, seed=1, gaussian=True, bits=False)
    return audit(answers.at(multiplier), claim(patients), (answers.pair(patients),), settings)


def test_one_patient_more_or_less_does_not_refute_the_claim() -> None:
    """Nothing but the claim itself: with so many samples, twice its epsilon would have been seen."""
    verdict = _audited(COUNTS_IN_ONE_BIN, NOISE_MULTIPLIER, patients=1, samples=110_000)

    assert verdict.outcome is AuditOutcome.NOT_REFUTED
    assert verdict.detectable_epsilon < 2 * EPSILON


@pytest.mark.parametrize("answers", ANSWERS, ids=repr)
def test_a_group_of_patients_does_not_refute_the_claim(answers: Answers) -> None:
    assert _audited(answers, NOISE_MULTIPLIER, patients=_GROUP, samples=_SAMPLES).outcome is AuditOutcome.NOT_REFUTED


@pytest.mark.parametrize("answers", ANSWERS, ids=repr)
def test_half_of_the_noise_is_refuted(answers: Answers) -> None:
    """By the mu of the group: for one patient it is the 48th part."""
    verdict = _audited(answers, NOISE_MULTIPLIER / 2, patients=_GROUP, samples=_SAMPLES)

    assert verdict.outcome is AuditOutcome.REFUTED
    assert verdict.bound.mu is not None
    assert EPSILON < gaussian_epsilon(verdict.bound.mu / _GROUP, DELTA) < gaussian_epsilon(2 / NOISE_MULTIPLIER, DELTA)


def test_a_groups_claim_is_that_of_the_same_noise() -> None:
    """A mechanism that just keeps the claim for one patient just keeps this one for the group."""
    assert claim(_GROUP).epsilon == pytest.approx(gaussian_epsilon(_GROUP / NEEDED, DELTA))
    assert claim(1).epsilon == pytest.approx(gaussian_epsilon(1 / NEEDED, DELTA), rel=1e-3)
