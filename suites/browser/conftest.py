"""What the browser tests share: signed reports, their pages, a headless Chromium and axe-core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from click.testing import CliRunner

from checks.model import Gate, Status
from cli import main
from fixtures.services.npm import NpmPackages
from reports.document import ReportDocument, policy_digest
from reports.render.allure_page.page import SOURCE
from reports.render.board.printing import chromium
from reports.run_log import PlannedRun
from reports.waivers import Waiver
from reports.writer import Published, begin, publish
from suites.unit.reports.board_samples import HSTS, BoardRoom, report_of
from suites.unit.reports.report_samples import document, policy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

Scheme = Literal["light", "dark"]
_NOW = datetime.now(UTC)
_RULES = policy(gates=(Gate.SECURITY, Gate.COMPLIANCE), floor=0)  # what the sample reports are decided by
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Sight:
    """A page in the browser, what it asked for, what of it its own policy refused, and what the console said."""

    page: Page
    path: Path
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Open it, once more where it is open already, and wait until it is there."""
        self.page.goto("about:blank")
        self.page.goto(self.path.as_uri())
        if "allureReportOptions" in self.path.read_text(encoding="utf-8"):
            self.page.wait_for_selector("[data-testid=tree-leaf]")

    def note_refusal(self, request: Request) -> None:
        """Remember what the page's own policy refused; other failures are none of it."""
        if request.failure == "csp":
            self.refused.append(request.url)

    @property
    def outside(self) -> list[str]:
        """What it asked for beyond itself; ``data:`` and ``blob:`` leave no browser."""
        own = self.path.as_uri()
        return [url for url in self.asked if url != own and not url.startswith(("data:", "blob:", "about:"))]

    def in_view(self, text: str) -> bool:
        """Whether a text stands whole in the window, without scrolling."""
        size = self.page.viewport_size
        box = self.page.get_by_text(text).first.bounding_box()
        assert size, "the page has no window"
        return bool(box) and box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


@dataclass(frozen=True)
class Pages:
    """The pages of two reports, one rejected and one approved, each with its PDF."""

    rejected: Path
    approved: Path
    allure: Path


Look = Callable[..., Sight]


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> BoardRoom:
    """Three approved runs, an aborted one, and a rejected one."""
    room = BoardRoom(tmp_path_factory.mktemp("board"))
    for number in (1, 2, 3):
        _publish(room, _measured(report_of(f"run-{number}", ended=_NOW - timedelta(days=9 - number)), 5.0 + number))
    begin(
        room.directory / "gate", PlannedRun("run-4", "gate", "reference stack", "0" * 64), str(room.key("gate"))
    ).close()
    return room


@pytest.fixture(scope="session")
def rejected(room: BoardRoom) -> Published:
    """A report with one check of each status that is not green."""
    waiver = Waiver(
        check=HSTS,
        owner="A. Board",
        justification="the proxy in front sends it until the new edge is there",
        expires=(_NOW + timedelta(days=30)).date(),
    )
    made = report_of("run-5", waivers=(waiver,), others=Status.FAIL, critical=Status.UNKNOWN)
    return _publish(room, _measured(made, 70.0))


@pytest.fixture(scope="session")
def pages(room: BoardRoom, rejected: Published) -> Pages:
    """Written by the commands that people type."""
    key = ["--key", str(room.directory / "gate.pub")]
    board, allure, approved = (room.directory / name for name in ("board.html", "allure.html", "approved.html"))
    _run("board", str(rejected.folder), *key, "--output", str(board), "--pdf")
    _run("open", str(rejected.folder), *key, "--output", str(allure), "--no-browser")
    (room.directory / "other").mkdir()
    other = BoardRoom(room.directory / "other")
    other_key = ["--key", str(other.directory / "gate.pub")]
    _run(
        "board",
        str(_publish(other, _measured(report_of(), 6.0)).folder),
        *other_key,
        "--output",
        str(approved),
        "--pdf",
    )
    return Pages(board, approved, allure)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium of this machine."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  it is of the extra browser

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(chromium()), args=_FLAGS)
        yield made
        made.close()


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Open a page: ``look(path, (width, height), scheme)``. No page can reach a network."""
    contexts = []

    def opened(
        path: Path, size: tuple[int, int] = (1280, 800), scheme: Scheme = "light", *, inspected: bool = False
    ) -> Sight:
        # What inspects a page is a script of ours, which the page's own policy would not let in.
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, bypass_csp=inspected
        )
        contexts.append(context)
        context.route(lambda url: url.startswith("http"), lambda route: route.abort())
        sight = Sight(context.new_page(), path)
        sight.page.on("request", lambda request: sight.asked.append(request.url))
        sight.page.on("requestfailed", sight.note_refusal)
        sight.page.on("console", lambda message: sight.said.append(message.text))
        sight.page.on("pageerror", lambda problem: sight.said.append(str(problem)))
        sight.open()
        return sight

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, as the lock file of the Allure page pins it."""
    packages = NpmPackages("allure", SOURCE, development=True)
    packages.install()
    return (packages.modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def _measured(made: ReportDocument, rto_s: float) -> ReportDocument:
    sample = document(made.identity.run_id)
    drill = sample.drills[0].model_copy(update={"rto_s": rto_s})
    judged_by = {"policy": _RULES.name, "policy_digest": policy_digest(_RULES)}
    identity = made.identity.model_copy(update=judged_by)
    figures = {"identity": identity, "drills": (drill,), "load": sample.load, "privacy": sample.privacy}
    return made.model_copy(update=figures)


def _publish(room: BoardRoom, made: ReportDocument) -> Published:
    return publish(room.directory / "gate", made.identity.run_id, made, str(room.key("gate")), policy=_RULES)


def _run(*arguments: str) -> None:
    done = CliRunner().invoke(main, ["report", *arguments])
    assert done.exit_code == 0, done.output
