"""The image of hosts is built from what a machine without it would install, and named by it."""

from __future__ import annotations

import re

import pytest

from fixtures import REPOSITORY
from fixtures.hosts.docker.image import NAME, present, reference, remove
from fixtures.hosts.docker.requirements import runtime_part
from fixtures.hosts.docker.usable import engine_or_refusal
from suites.unit.hosts.host_image import NEEDS_HOST_IMAGE

pytestmark = pytest.mark.unit
_PACKAGE = re.compile(r"'([a-z0-9*-]+):[^']+'")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
PROJECT = """
[project]
dependencies = ["one[more]>=1", "two"]
[project.optional-dependencies]
dev = ["tool"]
"""
LOCK = """# made by a tool
one==1.0 \\
    --hash=sha256:11
    # via mine (pyproject.toml)
below-one==1.1 ; sys_platform == 'linux' \\
    --hash=sha256:12
    # via
    #   one
    #   tool
below-tool==3.1 \\
    --hash=sha256:13
    # via tool
tool==3.0 \\
    --hash=sha256:14
    # via mine (pyproject.toml)
Two==2.0 \\
    --hash=sha256:15
    # via mine (pyproject.toml)
"""


def test_what_only_developers_need_is_left_out() -> None:
    """With everything that only their tools lead to; hashes stay."""
    kept = runtime_part(LOCK, PROJECT)
    assert _PIN.findall(kept) == ["one", "below-one", "Two"]
    assert [digest for digest in ("11", "12", "13", "14", "15") if f"sha256:{digest}" in kept] == ["11", "12", "15"]


def test_the_real_lock_keeps_the_application_and_leaves_the_tools() -> None:
    """Of this repository."""
    lock, project = ((REPOSITORY / name).read_text() for name in ("requirements.lock", "pyproject.toml"))
    kept = set(_PIN.findall(runtime_part(lock, project)))
    assert {"fastapi", "starlette", "xllamacpp", "locust", "gevent"} <= kept
    assert not {"mypy", "ruff", "tox", "virtualenv", "librt"} & kept


def test_the_image_has_the_packages_that_run_installs() -> None:
    """Those that every job of ``./run`` wants."""
    script = (REPOSITORY / "run").read_text()
    every = script[script.index('for entry in "${example[@]}"') : script.index("; do\n    local package=")]
    wanted = {package for package in _PACKAGE.findall(every) if "*" not in package}
    assert len(wanted) > 8, "no packages were found: this would prove nothing"
    dockerfile = (REPOSITORY / "fixtures/hosts/docker/Dockerfile").read_text()
    assert wanted - set(re.findall(r"[a-z0-9-]+", dockerfile)) == set()


def test_its_tag_is_a_digest() -> None:
    """The same recipe has the same name, so it is built once."""
    assert re.fullmatch(r"clinical-gate-host:[0-9a-f]{12}", reference())
    assert reference() == reference()


@NEEDS_HOST_IMAGE
def test_images_of_older_recipes_are_removed_and_this_one_is_not() -> None:
    """They are of two gigabytes each."""
    older = f"{NAME}:{'0' * 12}"
    with engine_or_refusal() as engine:
        engine.images.get(reference()).tag(NAME, "0" * 12)
        assert remove(engine, but=reference()) == [older]
        assert present(engine)
