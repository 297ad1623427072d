"""The properties that the product has find each of eight seeded bugs, and for the right reason."""

from __future__ import annotations

import pytest

from fixtures.lab.laboratory import Laboratory
from suites.privacy import pure_properties
from suites.privacy.seeded.formulas import FormulaAccountant
from suites.privacy.seeded.hunt import BUGS, Bug, find


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_seeded_bug_is_found(bug: Bug, laboratory: Laboratory) -> None:
    """By the property that it breaks; `benchmarks/accountant_bugs` measures the seconds."""
    found = find(bug, laboratory)
    print(f"{bug.name}: {found.broken} in {found.seconds:.1f} s")  # noqa: T201  shown when it fails
    assert found.broken == bug.breaks


@pytest.mark.parametrize("holds", pure_properties.PROPERTIES, ids=lambda p: p.__name__)
def test_the_formula_without_a_bug_has_the_property(holds: pure_properties.Property) -> None:
    """So what finds the wrong formulas is their mistake."""
    holds(FormulaAccountant())
