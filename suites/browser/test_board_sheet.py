"""The board's page on paper: one sheet, whatever a report holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.model import Reason, Severity, Status
from checks.policy import load_policy
from reports.document import ReportDocument
from reports.records import DecisionCause, DecisionGround, WaiverRecord
from reports.render.board.limits import SheetLimits
from reports.render.board.page import board_page
from reports.render.board.printing import chromium, one_sheet
from reports.render.board.printing import pages as pages_of
from reports.render.board.since import BoardChange, SinceApproval
from reports.writer import Published
from suites.browser.conftest import Look, Pages


@pytest.mark.parametrize("name", ["rejected", "approved"])
def test_a_usual_report_takes_one_sheet(pages: Pages, name: str) -> None:
    path = getattr(pages, name)
    assert pages_of(path.with_suffix(".pdf").read_bytes()) == 1


def test_the_sheet_says_what_a_board_asks_for(pages: Pages, look: Look) -> None:
    page = look(pages.rejected).page
    page.emulate_media(media="print")
    shown = " ".join(page.inner_text("body").split())
    assert "worse RTO of primary_killed: 8 s -> 70 s" in shown
    assert "Run run-3 of" in shown
    assert "70 s of at most 60 s" in shown
    assert "room/hsts_sent A. Board" in shown
    assert shown.count("role approves / rejects date name") == 5


def test_a_report_with_much_open_is_counted_and_takes_one_sheet(
    rejected: Published, look: Look, tmp_path: Path
) -> None:
    made = _crowded(rejected.verified.document)
    changed = tuple(BoardChange(f"room/check_{n}: PASS -> FAIL", worse=True) for n in range(60))
    since = SinceApproval("Run run-0 of yesterday, approved by the board.", changed)

    def render(limits: SheetLimits) -> str:
        found = replace(rejected.verified, document=made)
        return board_page(found, policy=load_policy("default"), approvals=(), since=since, limits=limits)

    assert pages_of(one_sheet(render, chromium())) == 1
    path = tmp_path / "crowded.html"
    path.write_text(render(SheetLimits()), encoding="utf-8")
    page = look(path).page
    page.emulate_media(media="print")
    shown = page.inner_text("body")
    for said in ("and 42 more, see the page", "and 22 more reasons, see the page", "and 14 more, see the page"):
        assert said in shown


def _crowded(document: ReportDocument) -> ReportDocument:
    """50 open points, 30 reasons, 20 waivers and 12 drills, with the longest of texts."""
    long = "what was seen there is told in many more words than anybody has time to read before a board meets " * 4
    check = document.checks[0].model_copy(update={"findings": ()})
    unknown = {"status": Status.UNKNOWN, "reason": Reason.COULD_NOT_LOOK, "severity": Severity.CRITICAL}
    checks = [
        check.model_copy(update={"id": f"room/check_{n}", "explanation": f"{n} {long}", **unknown}) for n in range(30)
    ]
    grounds = [
        DecisionGround(cause=DecisionCause.CRITICAL_UNKNOWN, subject=f"room/check_{n}", message=f"{n} {long}")
        for n in range(50)
    ]
    waivers = [
        WaiverRecord(
            check=f"room/check_{n}",
            owner="A. Board",
            justification=long,
            expires=(datetime.now(UTC) + timedelta(days=n)).date(),
            in_force=True,
            message="",
        )
        for n in range(20)
    ]
    drills = [document.drills[0].model_copy(update={"scenario": f"primary-host-killed-{n}"}) for n in range(12)]
    identity = document.identity.model_copy(update={"name": f"reference stack {long}"})
    return document.model_copy(
        update={
            "identity": identity,
            "checks": tuple(checks),
            "rejections": tuple(grounds),
            "conditions": (),
            "waivers": tuple(waivers),
            "drills": tuple(drills),
        }
    )
