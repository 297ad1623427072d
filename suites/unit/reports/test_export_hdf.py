"""Heimdall Data Format: valid by the types that MITRE publishes, and no UNKNOWN that Heimdall would call Passed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from checks.model import Reason, Status
from reports.document import ReportDocument
from suites.unit.reports.export_samples import Exporter, mixed
from suites.unit.reports.report_samples import BROKEN, FINE, decided, document, policy, result, rule

pytestmark = pytest.mark.unit

_SCHEMA = Draft7Validator(json.loads((Path(__file__).parent / "schemas" / "hdf-exec-json.json").read_text()))


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


def _controls(exporter: Exporter, made: ReportDocument) -> dict[str, Any]:
    file = json.loads(exporter.export(made, "hdf"))
    assert [error.message for error in _SCHEMA.iter_errors(file)] == []
    (profile,) = file["profiles"]
    grouped = [identity for group in profile["groups"] for identity in group["controls"]]
    assert sorted(grouped) == sorted(control["id"] for control in profile["controls"])
    return {control["id"]: control for control in profile["controls"]}


def _heimdall(control: dict[str, Any]) -> str:
    """What inspecjs 2.12 calls a control (compat_impl/compat_inspec_1_0, compute_status)."""
    statuses = [found["status"] for found in control["results"]]
    if "error" in statuses:
        return "Profile Error"
    if control.get("waiver_data", {}).get("skipped_due_to_waiver") or control["impact"] == 0:
        return "Not Applicable"
    named = {"failed": "Failed", "passed": "Passed", "skipped": "Not Reviewed"}
    return next((named[status] for status in named if status in statuses), "Profile Error")


def test_the_schema_refuses_what_is_no_hdf() -> None:
    assert list(_SCHEMA.iter_errors({"platform": {"name": "x"}, "profiles": [], "statistics": {}, "version": "1"}))


def test_heimdall_calls_each_check_what_it_is(exporter: Exporter) -> None:
    controls = _controls(exporter, mixed())
    assert {identity.removeprefix("room/"): _heimdall(control) for identity, control in controls.items()} == {
        "legacy_protocols_refused": "Failed",
        "hsts_sent": "Failed",
        "could_not_look": "Not Reviewed",
        "crashed": "Profile Error",
        "waived": "Failed",
        "exempt": "Not Applicable",
        "passes": "Passed",
        "waivers/in_force": "Passed",
    }


@pytest.mark.parametrize("reason", list(Reason))
def test_an_unknown_that_saw_no_fault_is_never_passed(exporter: Exporter, reason: Reason) -> None:
    check = rule("hsts_sent")
    seen = decided([check], [result(check, Status.UNKNOWN, FINE, reason=reason)], under=policy(floor=0))
    assert seen.checks[0].status is Status.UNKNOWN
    made = document().model_copy(
        update={
            "decision": seen.verdict,
            "score": seen.score,
            "floor": seen.floor,
            **{name: getattr(seen, name) for name in ("rejections", "conditions", "gates", "checks", "controls")},
        }
    )
    assert _heimdall(_controls(exporter, made)["room/hsts_sent"]) in ("Not Reviewed", "Profile Error")


def test_impact_controls_and_findings(exporter: Exporter) -> None:
    control = _controls(exporter, mixed())["room/legacy_protocols_refused"]
    assert control["impact"] == 0.9
    assert control["tags"]["hipaa"] == ["164.312(e)(1)"]
    assert "SC-8" in control["tags"]["nist"]
    assert [(r["status"], r["code_desc"]) for r in control["results"]] == [
        ("passed", FINE.subject),
        ("failed", BROKEN.subject),
    ]
    assert control["results"][1]["message"] == f"{BROKEN.message}\nRemedy: {BROKEN.remedy}"


def test_a_waiver_stands_beside_what_it_covers(exporter: Exporter) -> None:
    controls = _controls(exporter, mixed())
    waived = {identity: control["waiver_data"] for identity, control in controls.items() if "waiver_data" in control}
    assert set(waived) == {"room/waived"}
    assert waived["room/waived"]["expiration_date"] == "2027-01-20"
    assert "The old scanners are replaced in the spring." in waived["room/waived"]["justification"]
