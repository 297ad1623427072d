"""Options, sessions and hooks of the suites."""

from __future__ import annotations

from pathlib import Path

import pytest

_SUITES = Path(__file__).parent / "suites"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test under suites/unit is a unit test."""
    for item in items:
        if item.path.is_relative_to(_SUITES / "unit"):
            item.add_marker(pytest.mark.unit)
