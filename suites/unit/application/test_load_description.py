"""What an application file says of a load: read, and named by its line where it cannot be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.application.load import lines_for
from fixtures.application.file import ApplicationError, read_application

ACTS = """
name = "clinic"
[roles]
carer = "nurse"
[inference]
flavour = "openai"
roles = ["carer"]
[[act]]
name = "list"
request = "GET /people"
roles = ["carer"]
yields = { person = "/0/id" }
[[act]]
name = "read"
request = "GET /people/{person}"
roles = ["carer"]
record = "person"
[[act]]
name = "note"
request = { method = "POST", path = "/people/{person}/notes", json = { text = "{notes}" } }
roles = ["carer"]
writes = true
[[act]]
name = "notes"
request = "GET /people/{person}/notes"
roles = ["carer"]
"""
READ = '[[load]]\naction = "patient.read"\nact = "read"\nechoes = "/id"\n'
WRITE = '[[load]]\naction = "patient.encounter"\nact = "note"\nread_back = { act = "notes", values = "/0/text" }\n'


def _read(folder: Path, text: str) -> str:
    """What is wrong with it, without the path; empty when nothing is."""
    path = folder / "clinic.toml"
    path.write_text(ACTS + text)
    try:
        read_application(path)
    except ApplicationError as problem:
        return "\n".join(problem.faults)
    return ""


def test_what_can_be_asked_for_is_what_is_described(tmp_path: Path) -> None:
    """By the application's own roles; a chat needs the name of a model, or an act that yields one."""
    path = tmp_path / "clinic.toml"
    path.write_text(ACTS + READ + WRITE)
    application = read_application(path)
    assert application.loaded() == {"patient.read": ("carer",), "patient.encounter": ("carer",)}
    assert application.unmeasured() == ()
    path.write_text(ACTS.replace('flavour = "openai"', 'model = "m"\nstream = false') + WRITE.replace("read_back", "#"))
    chatty = path.read_text().replace('act = "note"', 'act = "note"\nholds = "/id"')
    path.write_text(chatty)
    application = read_application(path)
    assert application.loaded().keys() == {"patient.encounter", "inference.chat"}
    assert application.unmeasured() == ("patient.encounter:read_back", "inference.chat:first_token")


def test_the_lines_to_add_are_said() -> None:
    """One for each kind that was left out."""
    assert lines_for(["patient.read"]) == '[[load]] with action = "patient.read", act = "..." and holds = "/..."'
    assert "[inference] with flavour" in lines_for(["inference.chat"])
    assert lines_for(["inference.chat:first_token"]).startswith("stream = true")
    assert 'the [[load]] of "patient.encounter"' in lines_for(["patient.encounter:read_back"])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (READ.replace('"read"', '"reed"'), 2, "there is no act named 'reed'"),
        (READ + READ, 5, "there is another [[load]] of the action 'patient.read'"),
        (READ.replace('act = "read"', 'request = "GET /people"'), 3, "its act is about no record"),
        (READ.replace('echoes = "/id"', 'ids = "notes"\nholds = "/id"'), 2, "'notes' yields no {person}"),
        (READ.replace('echoes = "/id"', ""), 1, "which answers are right? Say holds, echoes or, of a write, read_back"),
        (READ.replace('act = "read"\nechoes', "holds"), 1, "say by act or request how 'patient.read' is done here"),
        (
            READ.replace('"read"', '"read"\nrequest = "GET /people/{person}/{wound}"'),
            3,
            "no act that a load can ask at log-in yields {wound}",
        ),
        (WRITE.replace('"notes"', '"nodes"'), 3, "there is no act named 'nodes'"),
        (
            WRITE.replace('"notes",', '"notes", request = "GET /wards/{ward}/notes",'),
            3,
            "reading back needs {ward}, which POST /people/{person}/notes does not have",
        ),
        (
            WRITE.replace('"note"', '"note"\nrequest = "POST /people/{person}/bell"'),
            4,
            "writes no {key}, {mrn} or {notes}, by which it could be found again",
        ),
        (READ.replace("patient.read", "inference.chat"), 1, "load.0.action: Input should be 'patient.list'"),
        (READ.replace("/id", "id"), 3, "load.0.echoes: String should match pattern"),
        (READ.replace("echoes", "echos"), 3, "load.0.echos: is not a key that is known here"),
    ],
)
def test_what_cannot_be_done_is_named_by_its_line(text: str, line: int, words: str, tmp_path: Path) -> None:
    """Before any load; the same text without the fault is taken."""
    assert _read(tmp_path, READ + WRITE) == ""
    said = _read(tmp_path, text)
    assert f"{ACTS.count(chr(10)) + line + 1}: " in said
    assert words in said
