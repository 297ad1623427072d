"""The house stays as it was built: small files, rooms that show what they hold, names that mean one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from fixtures import REPOSITORY

_ROOMS = ("benchmarks", "checks", "commands", "examples", "fixtures", "loadtests", "reports", "runner", "suites")
_DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
_PATH = re.compile(
    r"`((?:benchmarks|checks|commands|docs|examples|fixtures|loadtests|reports|runner|suites)/[\w./-]+)`"
)
# Each pair stands for one thing seen from two sides, in rooms that never import both.
_TWICE = {
    "Canary": "how a patient is driven through (description), and the target that drives one",
    "Inference": "how prompts are passed on (description), and the servers that answer them (target)",
}


def _sources() -> list[Path]:
    return sorted(source for room in _ROOMS for source in (REPOSITORY / room).rglob("*.py"))


def test_no_file_is_longer_than_can_be_read_in_one_go() -> None:
    """300 lines."""
    long = [str(s.relative_to(REPOSITORY)) for s in _sources() if len(s.read_text().splitlines()) > 300]
    assert long == []


def test_the_formatter_has_its_way() -> None:
    """No line asks to be left as it is."""
    mark = "fmt: " + "skip"
    assert [str(s.relative_to(REPOSITORY)) for s in _sources() if mark in s.read_text()] == []


@pytest.mark.parametrize("room", ["fixtures", "loadtests"])
def test_a_room_shows_rooms_and_few_files(room: str) -> None:
    """At most six modules at its top."""
    assert len(list((REPOSITORY / room).glob("*.py"))) <= 6


def test_a_public_class_name_stands_once() -> None:
    """Or has its reason in this file."""
    places: dict[str, list[str]] = defaultdict(list)
    for source in _sources():
        for node in ast.parse(source.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(source.relative_to(REPOSITORY)))
    assert len(places) > 100, "no classes were found: this would prove nothing"
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in _TWICE} == {}


def test_every_path_that_a_document_names_is_there() -> None:
    """In backticks, below one of the rooms."""
    documents = [*(REPOSITORY / name for name in _DOCUMENTS), *sorted((REPOSITORY / "docs").rglob("*.md"))]
    named = [(d, path) for d in documents for path in _PATH.findall(d.read_text())]
    assert len(named) > 30, "no paths were found: this would prove nothing"
    missing = [f"{d.relative_to(REPOSITORY)}: {path}" for d, path in named if not (REPOSITORY / path).exists()]
    assert missing == []
