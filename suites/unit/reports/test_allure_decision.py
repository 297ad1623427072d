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
