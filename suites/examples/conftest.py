"""One example at a time, up for all tests that name it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.catalogue import EXAMPLES
from fixtures.services.files import write_private
from fixtures.stack import runs
from fixtures.stack.rising import rise
from suites.examples.standing import StandingExample


@pytest.fixture(scope="session")
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingExample]:
    """The example of that name, on hosts of its own."""
    name = str(request.param)
    _, hosts = runs.begin()
    try:
        made = EXAMPLES[name](hosts)
        rise(made.components)
        target = tmp_path_factory.mktemp(name) / "target.toml"
        write_private(target, made.describe())
        yield StandingExample(name, made, target)
    finally:
        hosts.close()
