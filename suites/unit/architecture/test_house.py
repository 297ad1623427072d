"""The house stays as it was built: small files, rooms that show what they hold, names that mean one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from fixtures import REPOSITORY

_ROOMS = (
    "benchmarks",
    "checks",
    "commands",
    "docs",
    "examples",
    "fixtures",
    "loadtests",
    "reports",
    "runner",
    "suites",
)
_ROOM = "|".join(_ROOMS)
# What a document names: in backticks a path below a room ({one,other} and * as a shell reads them), a file beside it or
# at the top, a module or what it holds; a link; the file that a diff changes.
_PATH = re.compile(rf"`((?:{_ROOM})/[\w./*{{}},-]*)`")
_FILE = re.compile(r"(?<!\[)`(?:\./)?([\w-]+\.(?:ini|lock|py)|[A-Z]+\.md|pyproject\.toml|run)`")
_MODULE = re.compile(rf"`(?:python -m )?((?:{_ROOM})(?:\.\w+)+)`")
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_CHANGED = re.compile(r"^--- a/(\S+)$", re.MULTILINE)
_DIFF = re.compile(r"^--- a/(\S+)\n\+\+\+ .*\n((?:[ +@-].*\n)*)", re.MULTILINE)
# Each pair stands for one thing seen from two sides, in rooms that never import both.
_TWICE = {
    "Canary": "how a patient is driven through (description), and the target that drives one",
    "Inference": "how prompts are passed on (description), and the servers that answer them (target)",
}


def _sources() -> list[Path]:
    rooms = (source for room in _ROOMS for source in (REPOSITORY / room).rglob("*.py"))
    return sorted([*REPOSITORY.glob("*.py"), *rooms])


def _documents() -> list[Path]:
    """All but the change log, which also tells what has gone."""
    below = (document for room in ("docs", "examples") for document in (REPOSITORY / room).rglob("*.md"))
    return [d for d in sorted([*REPOSITORY.glob("*.md"), *below]) if d.name != "CHANGELOG.md"]


def _spelled_out(path: str) -> list[str]:
    """``a/{b,c}`` is ``a/b`` and ``a/c``."""
    group = re.search(r"\{([^{}]*)\}", path)
    if group is None:
        return [path]
    before, after = path[: group.start()], path[group.end() :]
    return [spelled for choice in group[1].split(",") for spelled in _spelled_out(before + choice + after)]


def _there(path: str, *folders: Path) -> bool:
    return any(any(folder.glob(path.rstrip("/"))) or (folder / path).exists() for folder in folders)


def _missing(document: Path, text: str) -> tuple[int, list[str]]:
    """How many things a text names, and those that are not there."""
    beside = document.parent
    paths = [path for named in (*_PATH.findall(text), *_CHANGED.findall(text)) for path in _spelled_out(named)]
    missing = [path for path in paths if not _there(path, REPOSITORY)]
    files, links, modules = _FILE.findall(text), _LINK.findall(text), _MODULE.findall(text)
    missing += [file for file in files if not _there(file, REPOSITORY, beside)]
    missing += [link for link in links if not (beside / link).exists()]
    for module in modules:
        inside = REPOSITORY.joinpath(*module.split("."))
        if not (inside.is_dir() or inside.with_suffix(".py").exists() or inside.parent.with_suffix(".py").exists()):
            missing.append(module)
    return len(paths) + len(files) + len(links) + len(modules), missing


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


@pytest.mark.parametrize("document", _documents(), ids=lambda document: str(document.relative_to(REPOSITORY)))
def test_everything_that_a_document_names_is_there(document: Path) -> None:
    """Paths, files, modules, links, and the files of diffs."""
    _, missing = _missing(document, document.read_text())
    assert missing == []


def test_what_a_diff_shows_of_a_file_stands_in_it() -> None:
    """What it keeps and what it takes away, line by line."""
    diffs = [diff for document in _documents() for diff in _DIFF.findall(document.read_text())]
    shown = [(file, line[1:]) for file, text in diffs for line in text.splitlines() if line.startswith((" ", "-"))]
    assert len(shown) > 8, "no diffs were found: this would prove nothing"
    assert [(f, line) for f, line in shown if line not in (REPOSITORY / f).read_text().splitlines()] == []


def test_the_documents_name_enough_to_be_looked_at() -> None:
    """A pattern that finds nothing would prove nothing."""
    assert sum(_missing(document, document.read_text())[0] for document in _documents()) > 150


def test_whatever_is_not_there_is_found() -> None:
    """One of each way to name something, sound and broken."""
    sound = (
        "`checks/model.py` `fixtures/{lab,hosts}/` `cli.py` `checks.evaluate.evaluate` [x](CHANGELOG.md)\n--- a/run\n"
    )
    gone = "`checks/gone.py` `fixtures/{lab,gone}/` `gone.py` `checks.gone.evaluate` [x](GONE.md)\n--- a/gone\n"
    assert _missing(REPOSITORY / "README.md", sound) == (7, [])
    names = {"checks/gone.py", "fixtures/gone/", "gone", "gone.py", "GONE.md", "checks.gone.evaluate"}
    assert set(_missing(REPOSITORY / "README.md", gone)[1]) == names
