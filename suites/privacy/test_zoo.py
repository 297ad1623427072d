"""Every wrong mechanism of the zoo is refuted, and no correct one is."""

from __future__ import annotations

import numpy as np
import pytest

from checks.dp_audit.audit import audit
from checks.dp_audit.model import AuditOutcome, AuditPlan, AuditVerdict
from suites.privacy.zoo.catalogue import specimens
from suites.privacy.zoo.specimen import Specimen

ALPHA = 1e-6  # of the whole zoo: the chance that any correct mechanism is refuted
SAMPLES, SEED = 100_000, 20261121


def _audited(specimen: Specimen) -> AuditVerdict:
    settings = AuditPlan(SAMPLES, ALPHA / len(specimens()), SEED, gaussian=specimen.gaussian)
    return audit(specimen.sample, specimen.claim, specimen.pairs, settings)


@pytest.mark.parametrize("specimen", [s for s in specimens() if s.wrong], ids=repr)
def test_a_wrong_mechanism_is_refuted(specimen: Specimen) -> None:
    verdict = _audited(specimen)

    assert verdict.outcome is AuditOutcome.REFUTED, f"{specimen.wrong}; {verdict.explanation}"
    assert verdict.event
    assert verdict.likely != verdict.unlikely


@pytest.mark.parametrize("specimen", [s for s in specimens() if not s.wrong], ids=repr)
def test_a_correct_mechanism_is_not_refuted(specimen: Specimen) -> None:
    verdict = _audited(specimen)

    assert verdict.outcome is AuditOutcome.NOT_REFUTED, verdict.explanation
    assert verdict.bound.epsilon <= specimen.claim.epsilon
    assert verdict.detectable_epsilon > specimen.claim.epsilon


def test_the_zoo_is_large_enough() -> None:
    wrong = [s.name for s in specimens() if s.wrong]
    correct = [s.name for s in specimens() if not s.wrong]

    assert len(wrong) >= 25
    assert len(correct) >= 15
    assert len({*wrong, *correct}) == len(specimens())


def test_a_specimen_answers_with_one_row_per_output() -> None:
    for specimen in specimens():
        for values in (specimen.pairs[0].first, specimen.pairs[0].second):
            rows = np.asarray(specimen.sample(np.array(values), 7, np.random.default_rng(1)))
            assert rows.shape[0] == 7, specimen.name
