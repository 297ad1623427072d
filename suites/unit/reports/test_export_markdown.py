"""Markdown: what a pull request shows of a report, read by GitHub's own reader, and nothing of it markup."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cmarkgfm import github_flavored_markdown_to_html

from reports.document import ReportDocument
from reports.render.formats.markdown import code, markdown
from reports.verify import Verified
from suites.unit.reports.export_samples import HOSTILE, Exporter, mixed
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit

_GITHUB_TAKES = 65_536


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


class _Page(HTMLParser):
    """The elements of a page, its text outside of code, and its rows."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.prose = ""
        self.text = ""
        self.rows: list[list[str]] = []
        self._in_code = 0
        self.feed(github_flavored_markdown_to_html(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)
        self._in_code += tag == "code"
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += data
        if not self._in_code:
            self.prose += data
        if self.tags[-1] in ("td", "th"):
            self.rows[-1][-1] += data.strip()


def _page(exporter: Exporter, made: ReportDocument) -> _Page:
    return _Page(exporter.export(made, "markdown").decode())


def test_it_says_what_was_decided_and_what_is_open(exporter: Exporter) -> None:
    page = _page(exporter, mixed())
    assert "REJECTED, score 27.4 of 100" in page.text
    assert page.text.count("rejects:") == 2
    assert "remedy: ssl_protocols TLSv1.2;" in page.text
    assert "waived until 2027-01-20 by Dr. Ada <ada@example.org>" in page.text
    assert "not applicable by policy: there are no containers: room/exempt" in page.text
    assert "unknown: the port was closed: room/could_not_look, room/crashed" in page.text
    assert "RTO of primary_killed: 7.31 s" in page.text


def test_the_gates_are_a_table(exporter: Exporter) -> None:
    assert _page(exporter, mixed()).rows == [
        ["Gate", "Score", "PASS", "FAIL", "UNKNOWN", "WAIVED", "NOT_APPLICABLE"],
        ["security", "2.1", "0", "2", "2", "1", "1"],
        ["compliance", "100.0", "2", "0", "0", "0", "0"],
    ]


def test_an_approval_has_nothing_open(exporter: Exporter) -> None:
    text = _page(exporter, document()).text
    assert "APPROVED, score 100.0 of 100" in text
    assert "Nothing is open." in text
    assert "Everything that applies was examined." in text


def test_what_a_reader_should_know_of_earlier_runs_is_told(exporter: Exporter) -> None:
    report = exporter.publish(document()).verified
    assert "Remarks" not in _rendered(report, document())
    told = replace(report, standing=replace(report.standing, remarks=("The clock was set.",)))
    assert "### Remarks\n\n- `The clock was set.`" in _rendered(told, document())


def test_the_reader_would_make_markup_of_a_hostile_text() -> None:
    assert {"a", "img"} <= set(_Page(HOSTILE).tags), "this would prove nothing"
    assert {"h1", "ul"} <= set(_Page("# heading\n\n- item").tags)


@pytest.mark.parametrize("name", [HOSTILE, "`", "``", "a`b``c", " x ", "|", "\\", "\\`", "<b>", "x" * 1000, "\u2028#"])
def test_nothing_in_a_report_becomes_markup(exporter: Exporter, name: str) -> None:
    assert _page(exporter, document("run-2", name=name)).tags == _page(exporter, document("run-1")).tags


def test_hostile_findings_stay_in_code(exporter: Exporter) -> None:
    page = _page(exporter, mixed())
    assert not {"a", "img", "h1", "script"} & set(page.tags)
    assert "evil.example" in page.text
    assert [word for word in ("evil", "@team", "#17", "HYPERLINK", "ada@") if word in page.prose] == []


@pytest.mark.parametrize("text", ["`", "a`b", "``a", "a`", "```", "plain", "a | b", "a  b"])
def test_a_code_span_is_one_and_says_the_text(text: str) -> None:
    page = _Page(f"- x {code(text)} y")
    assert (page.tags.count("code"), page.prose.strip()) == (1, "x  y")
    assert page.text.strip() == f"x {' '.join(text.split())} y"


def test_a_long_report_still_fits_a_comment(exporter: Exporter) -> None:
    made = mixed()
    broken = next(check for check in made.checks if check.id == "room/hsts_sent")
    many = [broken.model_copy(update={"id": f"room/number_{number}"}) for number in range(500)]
    grounds = [
        made.conditions[0].model_copy(update={"subject": check.id, "message": f"{number} {HOSTILE * 10}"})
        for number, check in enumerate(many)
    ]
    report = exporter.publish(made).verified
    long = made.model_copy(update={"checks": tuple(many), "conditions": tuple(grounds)})
    text = _rendered(report, long)
    assert len(text) < _GITHUB_TAKES
    assert "more, all in the report" in text


def _rendered(report: Verified, made: ReportDocument) -> str:
    return markdown(replace(report, document=made)).decode()
