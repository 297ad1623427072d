"""Allure's page shows the decision as a result of its own: red unless it is APPROVED, whatever the tests say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.render.allure_decision import write_decision
from suites.unit.reports.report_samples import document


@pytest.mark.parametrize(("failing", "status"), [(False, "passed"), (True, "failed")])
def test_the_decision_is_a_result_with_the_summary_attached(failing: bool, status: str, tmp_path: Path) -> None:  # noqa: FBT001
    """The board sees the same words as on the terminal."""
    decided = document(failing=failing)
    write_decision(tmp_path / "allure-results", decided, verify_command="verify it", trust="verified")
    [path] = (tmp_path / "allure-results").glob("*-result.json")
    result = json.loads(path.read_text())
    assert result["status"] == status
    assert result["name"].startswith(decided.decision.value)
    summary = (path.parent / result["attachments"][0]["source"]).read_text()
    assert decided.decision.value in summary
    assert "verify it" in summary
    for point in decided.rejections:
        assert point.subject in result["statusDetails"]["message"]


def test_evidence_is_attached_as_far_as_a_page_can_hold_it(tmp_path: Path) -> None:
    """Ten files of 4 MiB are more than a page takes, and one of 5 MiB is more than a file may have."""
    drills = tmp_path / "evidence" / "drills"
    drills.mkdir(parents=True)
    (drills / "0-large.jsonl").write_bytes(b" " * 5 * 2**20)
    for number in range(1, 11):
        (drills / f"{number:02}.jsonl").write_bytes(b" " * 4 * 2**20)
    write_decision(tmp_path / "allure-results", document(), verify_command="verify it", trust="verified")
    [path] = (tmp_path / "allure-results").glob("*-result.json")
    names = [attachment["name"] for attachment in json.loads(path.read_text())["attachments"]]
    assert names == ["closing summary", *(f"drills: {number:02}.jsonl" for number in range(1, 9))]
