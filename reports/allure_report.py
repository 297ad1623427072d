"""Build the Allure page of a run with npm's ``allure``, when it is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_SECONDS = 300


class AllureError(Exception):
    """The page cannot be built; the message says what to do, and where the results are all the same."""


def build(folder: Path) -> Path:
    """Build ``allure-report/index.html``, one file that needs no server, from ``allure-results``.

    Raises:
        AllureError: there are no results, no npx, or Allure failed.
    """
    results = folder / "allure-results"
    if not results.is_dir():
        msg = f"there are no Allure results in {folder}; run the gate first"
        raise AllureError(msg)
    instead = f"the results are in {folder / 'results.json'}"
    program = shutil.which("npx")
    if program is None:
        msg = f"the Allure page needs npx: install Node.js 20 or newer (Debian: apt install npm); {instead}"
        raise AllureError(msg)
    page = folder.resolve() / "allure-report"
    options = ["--single-file", "--report-name", "Clinical gate", "--output", str(page)]
    command = [program, "--yes", "allure@3", "awesome", *options, str(results.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=folder)
    except subprocess.TimeoutExpired as problem:
        msg = f"Allure did not finish within {_SECONDS} s; {instead}"
        raise AllureError(msg) from problem
    if done.returncode or not (page / "index.html").exists():
        said = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        msg = f"Allure could not build the page ({said}); {instead}"
        raise AllureError(msg)
    return page / "index.html"
