"""The board's page: what it says, that it asks no network for anything, and that nothing in a report becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from checks.model import Status
from checks.policy import load_policy
from cli import main
from reports.document import ReportDocument
from reports.render.board.measures import Measure, measures
from reports.render.board.page import board_page, open_points
from reports.writer import Published
from suites.unit.reports.board_samples import APPEND_ONLY, HSTS, BoardRoom, report_of
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit


class _Page(HTMLParser):
    """Every element with its attributes, and the text outside of style."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._style = False
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def room(tmp_path: Path) -> BoardRoom:
    """Keys, and nothing published yet."""
    return BoardRoom(tmp_path)


def _page(room: BoardRoom, report: Published) -> str:
    path = room.directory / "page.html"
    signoff = str(room.signoff(target=report.verified.document.identity.name))
    done = CliRunner().invoke(
        main, ["report", "board", str(report.folder), "--signoff", signoff, "--output", str(path)]
    )
    assert done.exit_code == 0, done.output
    return path.read_text()


def test_it_says_what_was_decided_examined_and_measured(room: BoardRoom) -> None:
    found = room.publish(document()).verified
    text = _Page(board_page(found, policy=load_policy("default"), approvals=())).text
    assert "Gate of reference stack APPROVED Score 100.0 of 100" in text
    assert "3 of 3 checks examined it; 3 of 3 were proven able to fail" in text
    assert "Nothing is open." in text
    assert "RTO, primary killed 7.31 s of at most 60 s" in text
    assert text.count("role approves / rejects date name") == 5


def test_it_shows_who_signed(room: BoardRoom) -> None:
    report = room.publish(report_of(others=Status.FAIL))
    arguments = ["--signoff", str(room.signoff()), "--role", "security", "--key", str(room.key("security"))]
    conditions = ["--accept", HSTS, "--accept", APPEND_ONLY, "--comment", "until Monday"]
    done = CliRunner().invoke(main, ["report", "approve", str(report.folder), *arguments, *conditions])
    assert done.exit_code == 0, done.output
    text = _Page(_page(room, report)).text
    assert f"security approves, answers for {APPEND_ONLY}, {HSTS}: until Monday" in text
    assert text.count("role approves / rejects date name") == 4


def test_what_one_thing_mends_is_one_open_point() -> None:
    points = open_points(report_of(critical=Status.FAIL, others=Status.FAIL))
    assert [(point.critical, point.subjects) for point in points] == [
        (True, ("room/legacy_protocols_refused",)),
        (False, (HSTS, APPEND_ONLY)),
    ]
    assert points[0].remedy == "ssl_protocols TLSv1.2;"


def test_it_asks_no_network_for_anything(room: BoardRoom) -> None:
    content = _page(room, room.publish(document()))
    page = _Page(content)
    asked = [
        (tag, name) for tag, attributes in page.elements for name in attributes if name in ("src", "srcset", "data")
    ]
    links = {attributes["href"] for _, attributes in page.elements if "href" in attributes}
    assert (asked, links) == ([], {"#main"})
    assert not {tag for tag, _ in page.elements} & {"script", "iframe", "link", "img", "object"}
    assert "url(" not in content
    assert "@import" not in content


def test_its_policy_of_content_lets_its_own_style_in_and_nothing_else(room: BoardRoom) -> None:
    content = _page(room, room.publish(document()))
    style = re.search(r"<style>(.*?)</style>", content, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policies = [a["content"] for tag, a in _Page(content).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]
    assert not [a for _, a in _Page(content).elements if "style" in a], "a style attribute would be left out"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
def test_nothing_in_a_report_becomes_markup(room: BoardRoom, name: str) -> None:
    content = _page_of(room, document(name=name))
    assert not {tag for tag, _ in _Page(content).elements} & {"script", "img"}
    assert f"Gate of {name}" in _Page(content).text


def test_a_measure_over_its_limit_is_seen_to_be_over_it() -> None:
    under, over, unknown = Measure("RTO", 30, 60, "s"), Measure("RTO", 600, 60, "s"), Measure("RTO", None, 60, "s")
    assert [m.holds for m in (under, over, unknown)] == [True, False, False]
    assert under.bar < under.tick == over.tick < over.bar == over.width
    assert unknown.shown == "not known of at most 60 s"


def test_an_rpo_is_known_only_where_every_row_was_read_back() -> None:
    made = document()
    drill = made.drills[0].model_copy(update={"complete_read": False})
    found = {m.name: m for m in measures(made.model_copy(update={"drills": (drill,)}), load_policy("default"))}
    assert found["RPO, primary killed"].value is None
    assert not found["RPO, primary killed"].holds


def test_a_report_that_does_not_hold_gets_no_page(room: BoardRoom) -> None:
    report = room.publish(document())
    (report.folder / "results.json").write_text("{}")
    path = room.directory / "page.html"
    arguments = ["report", "board", str(report.folder), "--signoff", str(room.signoff()), "--output", str(path)]
    assert (CliRunner().invoke(main, arguments).exit_code, path.exists()) == (1, False)
    assert CliRunner().invoke(main, ["report", "board", str(report.folder)]).exit_code == 2


def _page_of(room: BoardRoom, made: ReportDocument) -> str:
    report = room.publish(made)
    path = room.directory / "page.html"
    key = str(room.directory / "gate.pub")
    done = CliRunner().invoke(main, ["report", "board", str(report.folder), "--key", key, "--output", str(path)])
    assert done.exit_code == 0, done.output
    return path.read_text()
