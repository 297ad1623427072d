"""The product's accountant has every property of an accountant."""

from __future__ import annotations

import pytest

from suites.privacy import pure_properties
from suites.privacy.kept import ProductAccountant


@pytest.mark.parametrize("holds", pure_properties.PROPERTIES, ids=lambda p: p.__name__)
def test_the_accountant_has_the_property(holds: pure_properties.Property) -> None:
    """Searched by Hypothesis, the same examples in every run."""
    holds(ProductAccountant())
