"""The lab builds what every record of flaws says, and the clean twin of every kind of target that a check needs."""

from __future__ import annotations

import typing

import pytest

import checks.lab
from checks.catalogue import catalogue
from checks.lab import Flaws
from fixtures.lab import builders

RECORDS = [
    record
    for record in map(vars(checks.lab).get, checks.lab.__all__)
    if isinstance(record, type) and issubclass(record, Flaws) and record is not Flaws
]


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_of_flaws_has_a_builder_that_takes_it(record: type) -> None:
    """What it returns is compared by the type checker."""
    build = builders._BUILDERS[record]  # noqa: SLF001  the table is what is tested
    assert typing.get_type_hints(build)["flaws"] is record


def test_every_target_that_a_check_needs_has_a_clean_twin() -> None:
    needed = {kind for rule in catalogue() for _, kind in rule.needs}
    assert needed == set(builders._CLEAN)  # noqa: SLF001  likewise
