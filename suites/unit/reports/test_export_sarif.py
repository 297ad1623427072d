"""SARIF: valid by the published schema, a result for all that is open, no message a link, a waiver a suppression."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reports.document import RESULTS, ReportDocument
from suites.unit.reports.export_samples import HOSTILE, Exporter, mixed
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


_SCHEMA = Draft202012Validator(json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text()))


def _run(exporter: Exporter, made: ReportDocument | None = None) -> Any:  # noqa: ANN401  JSON
    log = json.loads(exporter.export(made or mixed(), "sarif"))
    assert [error.message for error in _SCHEMA.iter_errors(log)] == []
    assert len(log["runs"]) == 1
    return log["runs"][0]


def test_the_schema_refuses_what_is_no_sarif() -> None:
    assert list(_SCHEMA.iter_errors({"version": "2.1.0", "runs": [{"results": [{"level": "bad"}]}]}))


def test_a_rule_per_check_with_remedy_controls_and_severity(exporter: Exporter) -> None:
    rules = _run(exporter)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.id for check in mixed().checks]
    first = rules[0]
    assert "Remedy: ssl_protocols TLSv1.2;" in first["help"]["text"]
    assert first["properties"]["tags"] == ["hipaa:164.312(e)(1)", "security"]
    assert (first["defaultConfiguration"]["level"], first["properties"]["security-severity"]) == ("error", "9.5")


def test_a_result_per_broken_finding_and_an_unknown_is_open(exporter: Exporter) -> None:
    run = _run(exporter)
    assert [(r["ruleId"], r["kind"], r["level"]) for r in run["results"]] == [
        ("room/legacy_protocols_refused", "fail", "error"),
        ("room/hsts_sent", "fail", "error"),
        ("room/hsts_sent", "fail", "error"),
        ("room/could_not_look", "open", "none"),
        ("room/crashed", "open", "none"),
        ("room/waived", "fail", "note"),
    ]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert [(n["level"], n["associatedRule"]["id"]) for n in told] == [
        ("error", "room/could_not_look"),
        ("warning", "room/crashed"),
    ]


def test_a_waiver_is_a_suppression_with_its_justification(exporter: Exporter) -> None:
    results = _run(exporter)["results"]
    suppressed = {r["ruleId"]: r["suppressions"] for r in results if r["suppressions"]}
    assert set(suppressed) == {"room/waived"}
    (only,) = suppressed["room/waived"]
    assert (only["kind"], only["status"]) == ("external", "accepted")
    assert "The old scanners are replaced in the spring." in only["justification"]
    assert only["properties"]["expires"] == "2027-01-20"


def test_fingerprints_tell_findings_apart_and_stay_the_same_in_the_next_run(exporter: Exporter) -> None:
    first = [r["partialFingerprints"]["clinicalGate/v1"] for r in _run(exporter)["results"]]
    again = [r["partialFingerprints"]["clinicalGate/v1"] for r in _run(exporter, made=mixed("run-2"))["results"]]
    assert first == again
    assert len(set(first)) == len(first)


def test_the_invocation_has_the_times_of_the_run(exporter: Exporter) -> None:
    (invocation,) = _run(exporter)["invocations"]
    assert (invocation["startTimeUtc"], invocation["endTimeUtc"]) == (
        "2026-11-21T01:18:00.000Z",
        "2026-11-21T01:23:12.000Z",
    )


def test_each_result_points_to_the_line_of_its_check(exporter: Exporter) -> None:
    report = exporter.publish(mixed())
    lines = (report.folder / RESULTS).read_text().split("\n")
    for result in json.loads(exporter.run(report.folder, "sarif").stdout_bytes)["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == RESULTS
        assert lines[place["region"]["startLine"] - 1] == f'   "id": "{result["ruleId"]}",'


def test_no_message_holds_a_link(exporter: Exporter) -> None:
    run = _run(exporter)
    link = re.compile(r"(?<!\\)\[[^\]]*(?<!\\)\]\(")
    assert link.search(HOSTILE), "there is no link: this would prove nothing"
    texts = [r["message"]["text"] for r in run["results"]]
    texts += [rule["help"]["text"] for rule in run["tool"]["driver"]["rules"]]
    assert any("evil.example" in text for text in texts)
    assert [text for text in texts if link.search(text)] == []


def test_a_report_where_all_is_green_has_no_result(exporter: Exporter) -> None:
    run = _run(exporter, made=document())
    assert (run["results"], run["invocations"][0]["toolExecutionNotifications"]) == ([], [])
    assert run["properties"]["decision"] == "APPROVED"
