"""Print the board's page on one sheet of A4, by a headless Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from reports.render.board.limits import SHEETS, SheetLimits

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 60
_PAGE = re.compile(rb"/Type\s*/Page\b")
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)


class PrintError(Exception):
    """The page cannot be printed; the message says what to do."""


def chromium() -> Path:
    """A Chromium of this machine.

    Raises:
        PrintError: there is none.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        msg = "board.pdf needs Chromium: install it (Debian: apt install chromium), or print board.html from a browser"
        raise PrintError(msg)
    return Path(found)


def one_sheet(render: Callable[[SheetLimits], str], browser: Path) -> bytes:
    """The PDF, of exactly one page: as much of the page as fits.

    Args:
        render: the page, for so much on paper.
        browser: a Chromium.

    Raises:
        PrintError: it failed, or not even the least fits.
    """
    for limits in SHEETS:
        made = _printed(render(limits), browser)
        if pages(made) == 1:
            return made
    msg = f"the board's page does not fit one sheet, but takes {pages(made)}: print board.html from a browser"
    raise PrintError(msg)


def pages(made: bytes) -> int:
    """How many pages a PDF of Chromium has."""
    return len(_PAGE.findall(made))


def _printed(page: str, browser: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix="clinical-gate-print-") as directory:
        work = Path(directory)
        (work / "board.html").write_text(page, encoding="utf-8")
        own = [f"--user-data-dir={work / 'profile'}", f"--print-to-pdf={work / 'board.pdf'}"]
        own += ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses root otherwise; the page has no script
        command = [str(browser), *_FLAGS, *own, (work / "board.html").as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=work)
        except subprocess.TimeoutExpired as problem:
            msg = f"{browser.name} did not print within {_SECONDS} s: print board.html from a browser"
            raise PrintError(msg) from problem
        except OSError as problem:
            msg = f"cannot start {browser}: {problem.strerror}"
            raise PrintError(msg) from problem
        try:
            return (work / "board.pdf").read_bytes()
        except OSError as problem:
            said = (done.stderr.strip().splitlines() or ["no output"])[-1]
            msg = f"{browser.name} printed nothing ({said}): print board.html from a browser"
            raise PrintError(msg) from problem
