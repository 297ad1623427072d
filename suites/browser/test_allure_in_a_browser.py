"""What can be found in the Allure page: categories, a check with its findings and proofs, figures over the runs."""

from __future__ import annotations

import re

from suites.browser.conftest import Look, Pages


def test_what_is_not_green_stands_in_its_category(pages: Pages, look: Look) -> None:
    page = look(pages.allure).page
    page.get_by_text("Categories").first.click()
    shown = page.inner_text("body")
    missing = [name for name in ("FAIL", "UNKNOWN", "WAIVED", "ABORTED", "DECISION") if name not in shown]
    assert missing == []


def test_a_check_shows_its_findings_its_proof_and_its_past(pages: Pages, look: Look) -> None:
    sight = look(pages.allure)
    page = sight.page
    page.locator("[data-testid=tree-leaf]", has_text="room/audit_append_only").first.click()
    page.get_by_text("Proven able to fail on 1 of 1 seeded violations").wait_for()
    assert page.get_by_text("edge 10.1.2.3:443 TLSv1.1: It was accepted.").count() > 0
    page.get_by_text("findings", exact=True).first.click()
    page.frame_locator('iframe[title="HTML attachment"]').get_by_text("ssl_protocols TLSv1.2;").wait_for()
    assert re.search(r"History\s+3\b", page.inner_text("body")), "three runs before it"
    assert (sight.outside, sight.said) == ([], [])


def test_who_answers_for_a_waived_check_is_said(pages: Pages, look: Look) -> None:
    page = look(pages.allure).page
    page.locator("[data-testid=tree-leaf]", has_text="room/hsts_sent").first.click()
    page.get_by_text("Resolutions").first.click()
    page.locator("#app").get_by_text("A. Board until").first.wait_for()


def test_figures_stand_with_those_of_the_runs_before(pages: Pages, look: Look) -> None:
    page = look(pages.allure).page
    page.goto(f"{pages.allure.as_uri()}#metrics")
    page.get_by_text("RTO, primary_killed").first.wait_for()
    shown = page.inner_text("body")
    assert "70 s" in shown
    assert "+62 s" in shown, "the run before had 8 s"
