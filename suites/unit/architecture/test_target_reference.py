"""The reference of the target file and the application file is what the records say."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from checks.application import Application
from docs.write_target_reference import REFERENCE, kept, table_of, written
from fixtures.deployment.field_docs import fields_of
from fixtures.deployment.sections import CacheSection
from fixtures.deployment.target_file import TargetFile


class Shade(BaseModel):
    """What keeps light off. It may be torn."""


class Lamp(BaseModel):
    """A lamp. Its ``colour`` is that of the glass.

    Args:
        watts: how bright
            it is; ``hours`` for how long.
    """

    colour: str = "green"
    watts: int
    hours: tuple[float, ...] = ()
    unnamed: Shade | None = None


def test_the_reference_is_true() -> None:
    """Write it anew when this fails: python docs/write_target_reference.py."""
    assert REFERENCE.read_text() == written(kept())


@pytest.mark.parametrize("record", [TargetFile, Application, CacheSection])
def test_every_key_is_told_as_its_record_takes_it(record: type) -> None:
    """Required where nothing stands in for it, and under the name that the file uses."""
    fields = {field.name: field for field in fields_of(record)}
    taken = record.__pydantic_fields__  # type: ignore[attr-defined]
    assert [{"act": "acts"}.get(name, name) for name in fields] == list(taken)
    assert [field.default is None for field in fields.values()] == [info.is_required() for info in taken.values()]


def test_what_a_key_means_is_the_docstrings() -> None:
    """By its Args, by the sentence that names it, or by the table that it holds; its form is that of its values."""
    told = {field.name: (field.form, field.default, field.meaning) for field in fields_of(Lamp)}
    assert told == {
        "colour": ("text", '"green"', "Its ``colour`` is that of the glass."),
        "watts": ("whole number", None, "How bright it is; ``hours`` for how long."),
        "hours": ("list of numbers", "", "How bright it is; ``hours`` for how long."),
        "unnamed": ("table, see [Shade](#shade)", "", "What keeps light off."),
    }


def test_the_table_of_the_examples_is_made_from_reports() -> None:
    """Verdicts, what does not apply and why, and what is unknown; a bar in a reason breaks no row."""
    checks = [
        {"id": "tls/a", "status": "PASS", "explanation": ""},
        {"id": "tls/b", "status": "NOT_APPLICABLE", "explanation": "no a|b"},
        {"id": "tls/c", "status": "UNKNOWN", "explanation": "too few"},
    ]
    table = table_of({"one": {"decision": "REJECTED", "checks": checks}, "two": {"decision": "APPROVED", "checks": []}})
    assert table.splitlines() == [
        "- **one**: REJECTED; 1 of 3 checks give a verdict, 1 do not apply, 1 are UNKNOWN.",
        "- **two**: APPROVED; 0 of 0 checks give a verdict, 0 do not apply.",
        "",
        "| check | one | two |",
        "|---|---|---|",
        "| `tls/a` | PASS | not asked |",
        "| `tls/b` | does not apply: no a\\|b | not asked |",
        "| `tls/c` | UNKNOWN: too few | not asked |",
    ]
