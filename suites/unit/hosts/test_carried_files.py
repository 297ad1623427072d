"""A load names files of the harness; its generator reads them where it runs, and nothing of them stays there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.hosts import Driver, Host
from fixtures.stack import runs
from fixtures.targets.load.carrying import carried
from loadtests.generator.spec import LoadSpec
from loadtests.schedules.profiles import load_profile
from suites.unit.hosts.host_image import NEEDS_HOST_IMAGE

pytestmark = pytest.mark.unit


def _host(name: str) -> Iterator[tuple[Driver, Host]]:
    _, driver = runs.begin(driver=name)
    yield driver, driver.host("client")
    driver.close()


@pytest.fixture
def local() -> Iterator[tuple[Driver, Host]]:
    yield from _host("loopback")


@pytest.fixture
def contained() -> Iterator[tuple[Driver, Host]]:
    yield from _host("docker")


def _spec(folder: Path) -> LoadSpec:
    key = folder / "harness.key"
    key.write_text("of the harness")
    key.chmod(0o600)
    url = "http://127.0.0.1:1"
    return LoadSpec(target="clinic", base_url=url, key=str(key), profile=load_profile("smoke"), seed=1)


def test_a_host_that_sees_the_files_of_this_machine_gets_no_copies(local: tuple[Driver, Host], tmp_path: Path) -> None:
    """The load is the same."""
    spec = _spec(tmp_path)
    with carried(spec, local[1]) as there:
        assert there == spec


@NEEDS_HOST_IMAGE
def test_a_contained_host_reads_a_copy_that_is_gone_afterwards(contained: tuple[Driver, Host]) -> None:
    """The file itself it cannot see: it is no host's own."""
    driver, host = contained
    spec = _spec(driver.root)
    with carried(spec, host) as there:
        assert host.run(["cat", there.key]).stdout == "of the harness"
        assert host.run(["cat", spec.key]).status != 0
        assert there.model_copy(update={"key": spec.key}) == spec
    assert not Path(there.key).exists()
