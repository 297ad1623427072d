"""CSV: a line per finding, read back to the very texts, and no cell that a spreadsheet would calculate."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from checks.model import Finding, Status
from reports.document import ReportDocument
from reports.records import FindingRecord
from reports.render.formats.csv_lines import COLUMNS
from suites.unit.reports.export_samples import HOSTILE, OWNER, Exporter, mixed
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "  =1",
    "\n=1",
    "\uff1d1+1",
    "\uff0b1",
    "\u00a0=1",
)


def _read(content: bytes) -> list[dict[str, str]]:
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert tuple(rows[0]) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def _with_message(message: str) -> ReportDocument:
    made = document()
    finding = FindingRecord.of(Finding("edge", ok=True, message=message))
    first = made.checks[0].model_copy(update={"findings": (finding,)})
    return made.model_copy(update={"checks": (first, *made.checks[1:])})


def test_a_line_per_finding_or_per_check_without_one(exporter: Exporter) -> None:
    made = mixed()
    rows = _read(exporter.export(made, "csv"))
    assert [(row["check"], row["ok"]) for row in rows if row["check"] != "waivers/in_force"] == [
        ("room/legacy_protocols_refused", "yes"),
        ("room/legacy_protocols_refused", "no"),
        ("room/hsts_sent", "no"),
        ("room/hsts_sent", "no"),
        ("room/could_not_look", ""),
        ("room/crashed", ""),
        ("room/waived", "yes"),
        ("room/waived", "no"),
        ("room/exempt", ""),
        ("room/passes", "yes"),
    ]
    assert {row["status"] for row in rows} == {status.value for status in Status}
    waived = next(row for row in rows if row["check"] == "room/waived")
    assert (waived["waiver_owner"], waived["waiver_expires"]) == (OWNER, "2027-01-20")


def test_texts_come_back_as_they_are_but_for_the_apostrophe(exporter: Exporter) -> None:
    rows = _read(exporter.export(mixed(), "csv"))
    found = next(row for row in rows if row["check"] == "room/hsts_sent")
    assert {found[name] for name in ("subject", "message", "remedy", "evidence")} == {f"'{HOSTILE}"}


def test_lines_end_as_rfc_4180_says(exporter: Exporter) -> None:
    content = exporter.export(document(), "csv")
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\n") == len(document().checks) + 1


@pytest.mark.parametrize("message", FORMULAS)
def test_no_cell_begins_as_a_formula(exporter: Exporter, message: str) -> None:
    rows = _read(exporter.export(_with_message(message), "csv"))
    assert rows[0]["message"] == f"'{message}"


@pytest.mark.parametrize("message", ["a=1", "1-1", "it said: @all", "'quoted'"])
def test_what_is_no_formula_is_left_as_it_is(exporter: Exporter, message: str) -> None:
    rows = _read(exporter.export(_with_message(message), "csv"))
    assert rows[0]["message"] == message
