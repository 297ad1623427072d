"""Draw the Allure page of a verified report with npm's ``allure``."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.model import Status
from reports.earlier import EarlierReport
from reports.files import write_atomically
from reports.records import Verdict
from reports.render.allure_labels import ABORTED, VERDICT
from reports.render.allure_page.banner import banner
from reports.render.allure_page.over_runs import PICTURE, figures_over_runs
from reports.render.allure_page.past import history_lines, metrics, performance
from reports.render.allure_page.results import write_results
from reports.render.allure_page.sealing import PageError, seal
from reports.verify import Verified

SOURCE = Path(__file__).parent  # of package.json and package-lock.json
PAGE = "allure.html"
_SECONDS = 300
_CATEGORIES = (
    *((status.value, status.value) for status in (Status.FAIL, Status.UNKNOWN, Status.WAIVED)),
    (ABORTED, ABORTED),
    ("DECISION", f"{Verdict.REJECTED.value}|{Verdict.CONDITIONAL.value}"),
)


class AllureError(Exception):
    """The page cannot be drawn; the message says why, and where the report can be read all the same."""


@dataclass(frozen=True)
class AllureProgram:
    """Where Allure is: Node.js, and the folder that npm installed it into."""

    node: Path
    modules: Path


def draw(
    folder: Path,
    found: Verified,
    program: AllureProgram,
    *,
    verify_command: str,
    trust: str,
    earlier: Sequence[EarlierReport] = (),
) -> bytes:
    """The page, one HTML file that asks no network for anything.

    Args:
        folder: of the report, whose evidence is attached.
        found: the report; nothing else of the folder is believed.
        program: what draws it.
        verify_command: what anybody types to verify the report.
        trust: one sentence on what has been verified.
        earlier: reports on the same target, oldest first, for trends.

    Raises:
        AllureError: Allure failed, or made a page that is not to be had without a network.
    """
    with tempfile.TemporaryDirectory(prefix="clinical-gate-allure-") as directory:
        work = Path(directory)
        results = work / "results"
        drawn = figures_over_runs([*(report.found for report in earlier), found])
        pictures = {PICTURE: drawn} if drawn else {}
        write_results(results, folder, found, verify_command=verify_command, trust=trust, pictures=pictures)
        (results / "performance.json").write_text(json.dumps(metrics(found.document)), encoding="utf-8")
        (work / "history.jsonl").write_text(history_lines(earlier), encoding="utf-8")
        (work / "allurerc.json").write_text(json.dumps(_settings(found, work)), encoding="utf-8")
        _run(program, work, folder)
        try:
            made = (work / "page" / "index.html").read_text(encoding="utf-8")
            return seal(made, banner(found.document, trust=trust)).encode()
        except (OSError, PageError) as problem:
            msg = f"Allure made no page that could be sealed ({problem}); {_instead(folder)}"
            raise AllureError(msg) from problem


def write_page(path: Path, content: bytes) -> None:
    """Write the page.

    Raises:
        AllureError: the folder cannot be written.
    """
    try:
        write_atomically(path, content)
    except OSError as problem:
        msg = f"cannot write {path}: {problem.strerror}; say where to with --output FILE"
        raise AllureError(msg) from problem


def _settings(found: Verified, work: Path) -> dict[str, object]:
    """Allure's configuration. It has no quality gate: whether a deployment holds is decided once, and signed."""
    document = found.document
    identity = document.identity
    waivers = [
        {
            "resolution": "accepted",
            "testCaseId": [waiver.check],
            "comment": f"{waiver.owner} until {waiver.expires}: {waiver.justification}",
        }
        for waiver in document.waivers
        if waiver.in_force
    ]
    return {
        "name": f"{document.decision.value}: {identity.kind} of {identity.name}",
        "output": str(work / "page"),
        "historyPath": str(work / "history.jsonl"),
        "appendHistory": False,
        "categories": [
            {"name": name, "matchers": {"labels": {VERDICT: f"^({words})$"}}, "groupBy": ["severity"]}
            for name, words in _CATEGORIES
        ],
        "performance": performance(document),
        **({"resolutions": {"rules": waivers}} if waivers else {}),
        "plugins": {
            "awesome": {"options": {"singleFile": True, "groupBy": ["epic", "feature"], "reportLanguage": "en"}}
        },
    }


def _run(program: AllureProgram, work: Path, folder: Path) -> None:
    entry = program.modules / "allure" / "cli.js"
    command = [
        str(program.node),
        str(entry),
        "generate",
        "--config",
        str(work / "allurerc.json"),
        str(work / "results"),
    ]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(work), "NO_COLOR": "1", "TMPDIR": str(work)}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=work, env=environment
        )
    except subprocess.TimeoutExpired as problem:
        msg = f"Allure did not finish within {_SECONDS} s; {_instead(folder)}"
        raise AllureError(msg) from problem
    except OSError as problem:
        msg = f"cannot start {problem.filename or program.node}: {problem.strerror}; {_instead(folder)}"
        raise AllureError(msg) from problem
    if done.returncode or not (work / "page" / "index.html").exists():
        said = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        msg = f"Allure could not draw the page ({said}); {_instead(folder)}"
        raise AllureError(msg)


def _instead(folder: Path) -> str:
    return f"clinical-gate report show {folder} prints the report"
