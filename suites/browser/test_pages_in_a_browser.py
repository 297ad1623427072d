"""The board's page and the Allure page as people see them: in a browser, on a desk and on a phone, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.browser.conftest import Look, Pages, Scheme

DESK, PHONE = (1280, 800), (390, 844)
_PAGES = ("rejected", "approved", "allure")
everywhere = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
every_page = pytest.mark.parametrize("name", _PAGES)
both = pytest.mark.parametrize("scheme", ["light", "dark"])


def _of(pages: Pages, name: str) -> Path:
    path = getattr(pages, name)
    assert isinstance(path, Path)
    return path


@every_page
@everywhere
def test_it_asks_no_network_and_the_console_is_silent(
    pages: Pages, look: Look, name: str, size: tuple[int, int]
) -> None:
    sight = look(_of(pages, name), size)
    sight.open()  # from the cache, where scripts run earlier than at first
    assert (sight.outside, sight.said) == ([], [])


def test_a_request_would_be_seen_and_the_policy_would_refuse_it(pages: Pages, look: Look, tmp_path: Path) -> None:
    """The page with a picture of somebody else's in it, with its policy and without."""
    page = pages.allure.read_text(encoding="utf-8").replace(
        '<header class="cg-banner', '<img src="https://tracker.test/x.png"><header class="cg-banner', 1
    )
    kept, open_to_all = tmp_path / "kept.html", tmp_path / "open.html"
    kept.write_text(page, encoding="utf-8")
    open_to_all.write_text(page.replace("Content-Security-Policy", "X-Nothing", 1), encoding="utf-8")
    let, refused = look(open_to_all), look(kept)
    assert (let.outside, let.refused) == (["https://tracker.test/x.png"], [])
    assert refused.refused == ["https://tracker.test/x.png"]
    assert any("Content Security Policy" in said for said in refused.said)


@pytest.mark.parametrize("name", ["rejected", "allure"])
@everywhere
@both
def test_the_decision_and_what_fails_are_seen_without_scrolling(
    pages: Pages, look: Look, name: str, size: tuple[int, int], scheme: Scheme
) -> None:
    sight = look(_of(pages, name), size, scheme)
    open_points = ["room/legacy_protocols_refused", "room/hsts_sent", "room/audit_append_only"]
    seen = ["REJECTED", *open_points, "hipaa:164.312(e)(1)", "hipaa:164.312(b)"]
    assert [text for text in seen if not sight.in_view(text)] == []


@every_page
@everywhere
def test_nothing_is_cut_off_at_the_side(pages: Pages, look: Look, name: str, size: tuple[int, int]) -> None:
    page = look(_of(pages, name), size).page
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_what_is_below_the_window_is_not_taken_for_seen(pages: Pages, look: Look) -> None:
    assert not look(pages.rejected, (1280, 200)).in_view("Signatures")


@every_page
@both
@everywhere
def test_it_has_no_serious_fault_of_accessibility(
    pages: Pages, look: Look, axe: str, name: str, scheme: Scheme, size: tuple[int, int]
) -> None:
    sight = look(_of(pages, name), size, scheme, inspected=True)
    sight.page.evaluate(axe)
    assert _serious(sight.page.evaluate("axe.run()")) == []


def test_a_fault_of_accessibility_would_be_seen(pages: Pages, look: Look, axe: str, tmp_path: Path) -> None:
    page = pages.rejected.read_text(encoding="utf-8").replace('<html lang="en">', "<html>")
    broken = tmp_path / "broken.html"
    broken.write_text(page.replace("</main>", "<button></button></main>"), encoding="utf-8")
    sight = look(broken, inspected=True)
    sight.page.evaluate(axe)
    assert {fault.partition(":")[0] for fault in _serious(sight.page.evaluate("axe.run()"))} == {
        "button-name",
        "html-has-lang",
    }


def _serious(said: dict[str, list[dict[str, object]]]) -> list[str]:
    assert said["passes"], "axe looked at nothing"
    return [
        f"{fault['id']}: {fault['help']}: {fault['nodes']}"
        for fault in said["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
