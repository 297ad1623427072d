"""Imports run one way: a room may only know the rooms below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from fixtures import REPOSITORY

CHECK_VOCABULARY = {
    "checks.acting",
    "checks.application",
    "checks.autoscaler",
    "checks.catalogue",
    "checks.evaluate",
    "checks.lab",
    "checks.model",
    "checks.origin",
    "checks.policy",
    "checks.targets",
}
ALLOWED: dict[str, set[str]] = {
    "checks": {"checks"},
    "reports": {"reports", "checks.dp_audit.model", *CHECK_VOCABULARY},
    "loadtests": {"loadtests", "checks.application", "checks.autoscaler", "checks.model", "checks.targets"},
    "fixtures": {"fixtures", "loadtests", "checks.dp_audit", "checks.dp_cost", *CHECK_VOCABULARY},
    "runner": {"runner", "fixtures", "loadtests", "reports", "checks"},
    "examples": {"examples", "fixtures", *CHECK_VOCABULARY},
    "commands": {"commands", "examples", "runner", "fixtures", "loadtests", "reports", "checks"},
}
ROOMS = {*ALLOWED, "suites", "benchmarks", "cli", "conftest"}
FORBIDDEN_IN_CHECKS = {"pytest", "subprocess", "time", "os", "socket", "requests", "threading"}


def _imports(source: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def _sources(room: str) -> list[Path]:
    return sorted((REPOSITORY / room).rglob("*.py"))


@pytest.mark.unit
@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    """Every local import of a room is one that the architecture allows."""
    sources = _sources(room)
    assert sources, f"{room} holds no source: the test would prove nothing"
    wrong = [
        f"{source.relative_to(REPOSITORY)} imports {name}"
        for source in sources
        for name in sorted(_imports(source))
        if name.split(".")[0] in ROOMS and not any(name == a or name.startswith(f"{a}.") for a in ALLOWED[room])
    ]
    assert wrong == []


@pytest.mark.unit
def test_checks_have_no_side_doors() -> None:
    """A check looks through its targets only: no process, socket, clock or environment of its own."""
    wrong = [
        f"{source.relative_to(REPOSITORY)} imports {name}"
        for source in _sources("checks")
        for name in sorted(_imports(source))
        if name.split(".")[0] in FORBIDDEN_IN_CHECKS
    ]
    assert wrong == []


@pytest.mark.unit
@pytest.mark.parametrize("room", ["fixtures/targets", "fixtures/deployment", "fixtures/application", "fixtures/drills"])
def test_the_reference_application_has_no_privilege(room: str) -> None:
    """What looks at a deployment knows the reference stack's application by its description only."""
    wrong = [
        f"{source.relative_to(REPOSITORY)} imports {name}"
        for source in _sources(room)
        for name in sorted(_imports(source))
        if name.startswith("fixtures.reference")
    ]
    assert wrong == []
