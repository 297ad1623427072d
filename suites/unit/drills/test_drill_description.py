"""Contradictions of a ``[drill]`` part, each in one sentence with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import REPOSITORY
from fixtures.application.file import ApplicationError, read_application

pytestmark = pytest.mark.unit

SOUND = """name = "notes"
[roles]
nurse = "nurse"
clerk = "nurse"
[[act]]
name = "open chart"
request = { method = "POST", path = "/charts", json = { mrn = "{mrn}" } }
roles = ["nurse"]
writes = true
yields = { chart = "/id" }
[[act]]
name = "read chart"
request = "GET /charts/{chart}"
roles = ["nurse"]
[drill]
role = "nurse"
prepare = ["open chart"]
read = "read chart"
write = { method = "PUT", path = "/charts/{chart}/{key}", json = { body = "{payload}" } }
idempotent = true
[drill.read_back]
request = "GET /charts/{chart}/{key}"
text = "/body"
"""


def _read(folder: Path, text: str) -> None:
    path = folder / "application.toml"
    path.write_text(text)
    read_application(path)


def test_a_sound_one_is_read(tmp_path: Path) -> None:
    _read(tmp_path, SOUND)


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ('role = "nurse"\nprepare', 'role = "doctor"\nprepare', 16, "[roles] does not name 'doctor'"),
        ('role = "nurse"\nprepare', 'role = "clerk"\nprepare', 17, "'clerk' may not open chart"),
        ('prepare = ["open chart"]', 'prepare = ["admit"]', 17, "there is no act named 'admit'"),
        ('prepare = ["open chart"]', "prepare = []", 18, "nothing before 'read chart' yields {chart}"),
        ('body = "{payload}"', 'body = "x"', 19, "a write must carry {payload}, or nothing of it can be read back"),
        ('/charts/{chart}/{key}", json', '/charts/{chart}", json', 19, "an idempotent write must carry {key}"),
        ('"GET /charts/{chart}/{key}"', '"GET /charts/{ward}/{key}"', 22, "no act of prepare yields {ward}"),
        ('text = "/body"', 'text = "/body"\npaging = "offset"', 24, "one record for each {key} has no pages"),
        ('/{key}"\ntext', '?from={offset}"\ntext', 22, "paging by offset goes with {offset} in the request"),
        (
            "idempotent = true",
            "unwritten = [201]",
            20,
            "201 cannot both acknowledge a write and prove that there is none",
        ),
        ('text = "/body"', 'text = "body"', 23, "drill.read_back.text: String should match pattern"),
    ],
)
def test_a_contradiction_is_said_with_its_line(tmp_path: Path, before: str, after: str, line: int, words: str) -> None:
    assert before in SOUND
    with pytest.raises(ApplicationError) as refused:
        _read(tmp_path, SOUND.replace(before, after))
    assert any(fault.startswith(f"{line}: {words}") for fault in refused.value.faults), refused.value.faults


def test_the_descriptions_that_come_with_the_product_are_sound() -> None:
    for path in (
        "fixtures/reference/application.toml",
        "examples/orthanc/application.toml",
        "examples/fhir/application.toml",
    ):
        read_application(REPOSITORY / path)
