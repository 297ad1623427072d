"""What changed since the last approval, and how much of a report one sheet shows."""

from __future__ import annotations

import itertools
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from checks.model import Status
from cli import main
from reports.earlier import EarlierReport, earlier_reports, last_approved
from reports.keys import load_public
from reports.render.board.limits import SHEETS
from reports.render.board.page import board_page
from reports.render.board.printing import PrintError, chromium, one_sheet, pages
from reports.render.board.since import since_approval
from reports.signoff.board import load_board
from reports.writer import Published
from suites.unit.reports.board_samples import ROLES, BoardRoom, report_of

NOW = datetime.now(UTC)
_COUNTS_LINES = r"""#!/bin/sh
for each in "$@"; do
  case $each in --print-to-pdf=*) out=${each#*=} ;; file:*) page=${each#file://} ;; esac
done
while read -r _; do printf '<</Type /Page >>'; done <"$page" >"$out"
"""
_SHEET = b"<</Type /Page\n/Parent 2 0 R>>\n<</Type /Pages\n/Count 1>>"


@pytest.fixture
def room(tmp_path: Path) -> BoardRoom:
    """Keys, and nothing published yet."""
    return BoardRoom(tmp_path)


def _earlier(room: BoardRoom, newest: Published) -> tuple[EarlierReport, ...]:
    return earlier_reports(newest.folder, newest.verified, load_public(room.directory / "gate.pub"))


def _approve(room: BoardRoom, report: Published, *roles: str) -> None:
    for role in roles:
        keys = ["--signoff", str(room.signoff()), "--role", role, "--key", str(room.key(role))]
        done = CliRunner().invoke(main, ["report", "approve", str(report.folder), *keys])
        assert done.exit_code == 0, done.output


def test_without_a_board_the_gate_is_who_approves(room: BoardRoom) -> None:
    for number, status in enumerate((Status.PASS, Status.PASS, Status.FAIL), 1):
        room.publish(report_of(f"run-{number}", ended=NOW - timedelta(hours=9 - number), critical=status))
    newest = room.publish(report_of("run-4"))
    last = last_approved(_earlier(room, newest), now=NOW)
    assert last
    assert last.folder.name == "run-2"


def test_a_board_approves_by_as_many_as_it_asks_for(room: BoardRoom) -> None:
    """All five of run-1, one of run-2: the gate approves both."""
    for number, roles in ((1, ROLES), (2, ROLES[:1])):
        made = room.publish(report_of(f"run-{number}", ended=NOW - timedelta(hours=9 - number)))
        _approve(room, made, *roles)
    newest = room.publish(report_of("run-3"))
    board = load_board(room.signoff())
    last = last_approved(_earlier(room, newest), board, now=datetime.now(UTC))
    assert last
    assert last.folder.name == "run-1"
    (last.folder / "approvals").rename(room.directory / "gone")
    assert last_approved(_earlier(room, newest), board, now=datetime.now(UTC)) is None


def test_what_is_worse_comes_first(room: BoardRoom) -> None:
    room.publish(report_of("run-1", ended=NOW - timedelta(hours=2), others=Status.FAIL))
    newest = room.publish(report_of("run-2", critical=Status.FAIL))
    [last] = _earlier(room, newest)
    since = since_approval(last, newest.verified.document, by_board=True)
    assert since.older.startswith("Run run-1 of ")
    assert since.older.endswith(" approved by the board.")
    assert [(change.worse, change.text) for change in since.changes] == [
        (True, "decision CONDITIONAL -> REJECTED"),
        (True, "room/legacy_protocols_refused: PASS -> FAIL"),
        (False, "room/audit_append_only: FAIL -> PASS"),
        (False, "room/hsts_sent: FAIL -> PASS"),
    ]
    page = board_page(newest.verified, policy=None, approvals=(), since=since)
    assert "decision CONDITIONAL -&gt; REJECTED" in page


def test_the_page_says_when_nothing_was_approved_before(room: BoardRoom) -> None:
    page = board_page(room.publish(report_of()).verified, policy=None, approvals=())
    assert "No earlier report on this target was approved" in page


def test_each_sheet_shows_no_more_than_the_one_before() -> None:
    counts = [astuple(sheet)[:-1] for sheet in SHEETS]
    assert len(counts) > 3
    assert all(a >= b for more, less in itertools.pairwise(counts) for a, b in zip(more, less, strict=True))


def test_pages_are_counted_and_the_tree_of_them_is_none() -> None:
    assert (pages(_SHEET), pages(_SHEET * 3), pages(b"")) == (1, 3, 0)


def _prints(folder: Path, content: str) -> Path:
    """A program that is called as Chromium is, and prints this."""
    program = folder / "printer"
    program.write_text(
        '#!/bin/sh\nfor each in "$@"; do case $each in --print-to-pdf=*) '
        f"printf '{content}' >\"${{each#*=}}\" ;; esac; done\n"
    )
    program.chmod(0o755)
    return program


def test_the_first_sheet_that_fits_is_taken(tmp_path: Path) -> None:
    """The program counts as many pages as the page has lines: one fewer with each sheet."""
    program = tmp_path / "printer"
    program.write_text(_COUNTS_LINES)
    program.chmod(0o755)
    rendered = []

    def render(limits: object) -> str:
        rendered.append(limits)
        return "line\n" * max(4 - len(rendered), 1)

    assert pages(one_sheet(render, program)) == 1
    assert rendered == list(SHEETS[:3])


def test_what_never_fits_is_said(tmp_path: Path) -> None:
    with pytest.raises(PrintError, match="does not fit one sheet, but takes 2"):
        one_sheet(lambda _: "", _prints(tmp_path, "<</Type /Page >> <</Type /Page >>"))


def test_a_browser_that_prints_nothing_is_said(tmp_path: Path) -> None:
    program = tmp_path / "printer"
    program.write_text("#!/bin/sh\necho no display >&2\n")
    program.chmod(0o755)
    with pytest.raises(PrintError, match=r"printer printed nothing \(no display\)"):
        one_sheet(lambda _: "", program)
    with pytest.raises(PrintError, match="cannot start"):
        one_sheet(lambda _: "", tmp_path / "gone")


def test_without_chromium_it_is_said_what_to_install(room: BoardRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    report = room.publish(report_of())
    monkeypatch.setenv("PATH", str(room.directory))
    with pytest.raises(PrintError, match="apt install chromium"):
        chromium()
    page = room.directory / "page.html"
    arguments = [
        "report",
        "board",
        str(report.folder),
        "--key",
        str(room.directory / "gate.pub"),
        "--output",
        str(page),
    ]
    refused = CliRunner().invoke(main, [*arguments, "--pdf"])
    assert (refused.exit_code, "needs Chromium" in refused.output, page.exists()) == (2, True, False)
