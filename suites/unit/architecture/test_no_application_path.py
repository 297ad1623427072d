"""No code that sends load knows an application's path: what is asked for stands in descriptions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from fixtures import REPOSITORY
from fixtures.application.file import read_application
from fixtures.reference.description import reference_application

# What model servers of these kinds are asked, whoever runs them.
_MODEL_SERVERS = {"/v1/chat/completions", "/api/chat", "/health"}
_PATH = re.compile(r"^/[a-z_.]{2,}[\w/{}?=&.-]*$")


def _texts(source: Path) -> set[str]:
    """Text literals, also within f-strings, that are no docstrings."""
    tree = ast.parse(source.read_text())
    docs = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
    }
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return found - docs


def _paths_in(source: Path) -> set[str]:
    return {text for text in _texts(source) if _PATH.match(text)}


def _described() -> set[str]:
    """Beginnings of the paths of every application that is described here."""
    files = [REPOSITORY / "examples" / name / "application.toml" for name in ("orthanc", "fhir")]
    described = [reference_application(), *map(read_application, files)]
    return {act.request.path.partition("{")[0].partition("?")[0] for each in described for act in each.acts} - {"/"}


def test_the_users_of_a_load_know_no_path() -> None:
    """But those of model servers' own protocols."""
    sources = sorted((REPOSITORY / "loadtests").rglob("*.py"))
    known = {path for source in sources for path in _paths_in(source)} - _MODEL_SERVERS
    pointers = {"/message/content", "/choices/0/message/content"}  # into those protocols' answers
    assert known - pointers == set()
    told = [
        f"{source.name}: {text}"
        for source in sources
        for text in _texts(source)
        for path in _described()
        if path in text
    ]
    assert [each for each in told if not any(own in each for own in _MODEL_SERVERS)] == []


def test_a_path_would_be_found(tmp_path: Path) -> None:
    """In a text and in an f-string, and not in what only looks like one."""
    source = tmp_path / "user.py"
    source.write_text(
        '"""/docs are not looked at."""\nA = "/patients?limit=20"\nB = f"/patients/{A}"\nC = "a/b"\nD = "/"\n'
    )
    assert _paths_in(source) == {"/patients?limit=20", "/patients/"}
    assert "/patients" in _described()
