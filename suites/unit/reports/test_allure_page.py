"""The Allure page of a report: what Allure is given of it, and what is taken out of what Allure makes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from checks.model import Status
from checks.policy import load_policy
from cli import main
from commands.report import open_page
from fixtures.services.npm import NpmError, NpmPackages
from reports import manifest
from reports.document import policy_text
from reports.earlier import earlier_reports
from reports.keys import load_public
from reports.render.allure_page.banner import banner
from reports.render.allure_page.over_runs import figures_over_runs
from reports.render.allure_page.page import SOURCE
from reports.render.allure_page.past import history_lines, metrics, performance
from reports.render.allure_page.results import write_results
from reports.render.allure_page.sealing import PageError, seal
from reports.run_log import PlannedRun
from reports.waivers import Waiver
from reports.writer import Published, begin, publish
from suites.unit.reports.board_samples import HSTS, BoardRoom, report_of
from suites.unit.reports.report_samples import document

_SVG = "{http://www.w3.org/2000/svg}"
_TRACKER = '<script async src="https://tracker.test/js?id=G-1"></script><script>function gtag(){} gtag("js")</script>'
_OWN = base64.b64encode(b'draw("</script>")').decode()
_PAGE = (
    '<!DOCTYPE html><html><head><title>x</title></head><body><div id="app"></div>'
    f'<script src="data:text/javascript;base64,{_OWN}"></script>{_TRACKER}<script>ready = 1</script></body></html>'
)


@pytest.fixture
def room(tmp_path: Path) -> BoardRoom:
    """Keys, and nothing published yet."""
    return BoardRoom(tmp_path)


def _results(folder: Path) -> dict[str, dict[str, object]]:
    found = [json.loads(path.read_text()) for path in folder.glob("*-result.json")]
    return {result["name"]: result for result in found}


def _labels(result: dict[str, object]) -> set[tuple[str, str]]:
    labels = result["labels"]
    assert isinstance(labels, list)
    return {(label["name"], label["value"]) for label in labels}


def test_the_tracker_is_gone_and_the_policy_names_what_is_left_by_digest() -> None:
    sealed = seal(_PAGE, "<p>top</p><script>named = 1</script>")
    scripts = re.findall(r"<script>(.*?)</script>", sealed)
    assert scripts == ["named = 1", "ready = 1", r'draw("\x3c/script>")'], "the application after its data"
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', sealed)
    assert policy
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert set(re.findall(r"'sha256-([^']*)'", policy[1])) == digests
    assert ("tracker.test" in sealed, "default-src 'none'" in policy[1]) == (False, True)
    assert not re.search(r"https?:|\*", policy[1])


@pytest.mark.parametrize(
    ("asks", "of"),
    [
        ('<img src="https://a.test/x.png">', "https://a.test/x.png"),
        ("<link rel=stylesheet href=//a.test/x.css>", "//a.test/x.css"),
        ('<iframe src="x.html">', "x.html"),
    ],
)
def test_a_page_that_would_ask_a_network_is_refused(asks: str, of: str) -> None:
    with pytest.raises(PageError, match=re.escape(of)):
        seal(_PAGE.replace("<body>", f"<body>{asks}"))


def test_what_is_no_page_of_allure_is_refused() -> None:
    with pytest.raises(PageError, match="no head, no body or no script"):
        seal("<p>nothing</p>")


def test_allure_is_given_what_is_signed(room: BoardRoom) -> None:
    """Every status, what somebody answers for, and a run that was aborted; not what pytest left in the folder."""
    begin(
        room.directory / "gate", PlannedRun("run-0", "gate", "reference stack", "0" * 64), str(room.key("gate"))
    ).close()
    waiver = Waiver(
        check=HSTS,
        owner="A. Board",
        justification="the proxy in front sends it until then",
        expires=(datetime.now(UTC) + timedelta(days=9)).date(),
    )
    made = report_of(critical=Status.UNKNOWN, others=Status.FAIL, waivers=(waiver,))
    published = room.publish(made)
    (published.folder / "allure-results").mkdir()
    (published.folder / "allure-results" / "1-result.json").write_text('{"name": "planted", "status": "passed"}')
    results = room.directory / "results"
    write_results(results, published.folder, published.verified, verify_command="verify it", trust="verified")
    found = _results(results)
    statuses = {name: result["status"] for name, result in found.items()}
    assert statuses == {
        "REJECTED (30.0 of 100)": "failed",
        "room/legacy_protocols_refused": "broken",
        HSTS: "failed",
        "room/audit_append_only": "failed",
        "waivers/in_force": "passed",
        "ABORTED: run run-0": "broken",
    }
    verdicts = {value for result in found.values() for name, value in _labels(result) if name == "verdict"}
    assert verdicts >= {"UNKNOWN", "WAIVED", "FAIL", "ABORTED", "REJECTED"}
    groups = {("epic", "security"), ("feature", "hipaa:164.312(e)(1) Transmission security"), ("severity", "blocker")}
    assert groups <= _labels(found["room/legacy_protocols_refused"])


def _attached(room: BoardRoom, published: Published) -> list[str]:
    results = room.directory / "results"
    shutil.rmtree(results, ignore_errors=True)
    write_results(results, published.folder, published.verified, verify_command="verify it", trust="verified")
    [decision] = (result for name, result in _results(results).items() if name.startswith("APPROVED"))
    attachments = decision["attachments"]
    assert isinstance(attachments, list)
    return [attachment["name"] for attachment in attachments if ": " in attachment["name"]]


def test_only_evidence_that_is_as_it_was_signed_is_attached(room: BoardRoom) -> None:
    """Also after the report was verified."""
    evidence = {"drills/1.json": b"{}", "drills/2.json": b"{}"}
    published = publish(room.directory / "gate", "run-1", document(), str(room.key("gate")), evidence=evidence)
    assert _attached(room, published) == ["drills: 1.json", "drills: 2.json"]
    drills = published.folder / "evidence" / "drills"
    (drills / "2.json").write_text("[]")
    (drills / "3.json").write_text("{}")
    assert _attached(room, published) == ["drills: 1.json"]
    listed = published.folder / manifest.SIGNED_AS
    listed.write_bytes(manifest.encode(manifest.survey(published.folder / "evidence")))
    assert _attached(room, published) == []


def test_a_report_is_verified_after_npm_was_waited_for(room: BoardRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    published = room.publish(document())
    monkeypatch.setattr(NpmPackages, "install", lambda _: (published.folder / "results.json").write_text("{}"))
    arguments = ["report", "open", str(published.folder), "--no-browser", "--key", str(room.directory / "gate.pub")]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, "DOES NOT HOLD: results.json altered" in done.output) == (1, True)


@pytest.mark.parametrize("known", [True, False])
def test_a_page_of_a_report_that_may_not_be_the_newest_is_unknown(
    room: BoardRoom, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    published = room.publish(document())
    if not known:
        (published.folder.parent / "history.jsonl").unlink()
    for name in ("install", "node", "modules"):
        monkeypatch.setattr(NpmPackages, name, lambda _: published.folder)
    monkeypatch.setattr(open_page, "draw", lambda *_, **__: b"page")
    arguments = ["report", "open", str(published.folder), "--no-browser", "--key", str(room.directory / "gate.pub")]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, "UNKNOWN whether it is the newest" in done.stderr) == ((0, False) if known else (3, True))


def test_trends_are_drawn_from_earlier_reports_that_hold(room: BoardRoom) -> None:
    for number in (1, 2, 3):
        room.publish(document(f"run-{number}"))
    drilled = room.publish(document("run-4", kind="drill"))
    newest = room.publish(document("run-5"))
    (room.directory / "gate" / "run-2" / "results.json").write_text("{}")
    key = load_public(room.directory / "gate.pub")
    earlier = earlier_reports(newest.folder, newest.verified, key)
    assert [report.folder.name for report in earlier] == ["run-1", "run-3"]
    assert [r.folder.name for r in earlier_reports(newest.folder, newest.verified, key, most=1)] == ["run-3"]
    assert earlier_reports(drilled.folder, drilled.verified, key) == ()
    first, second = (json.loads(line) for line in history_lines(earlier).splitlines())
    assert first["timestamp"] <= second["timestamp"]
    assert first["metrics"]["RTO.primary_killed"] == 7.31
    known_as = f"{_md5('room/hsts_sent')}.{_md5('')}"
    assert first["testResults"][known_as]["status"] == "passed"


def test_another_report_in_the_place_of_an_earlier_one_is_compared_with_nothing(room: BoardRoom) -> None:
    for number in (1, 2, 3):
        newest = room.publish(document(f"run-{number}"))
    shutil.rmtree(newest.folder.parent / "run-2")
    shutil.copytree(newest.folder.parent / "run-1", newest.folder.parent / "run-2")
    earlier = earlier_reports(newest.folder, newest.verified, load_public(room.directory / "gate.pub"))
    assert [report.folder.name for report in earlier] == ["run-1"]


def test_figures_of_all_runs_are_drawn_beside_their_limits(room: BoardRoom) -> None:
    """Three runs within the limit of 60 s, then one over it; a run whose reading was not complete has no RPO."""
    rules = load_policy("default")
    found = []
    for number, rto_s in enumerate((7.0, 9.0, 8.0, 66.0), 1):
        made = document(f"run-{number}")
        changed = {"rto_s": rto_s, "complete_read": number != 2}
        drill = made.drills[0].model_copy(update=changed)
        report = room.publish(made).verified
        measured = report.document.model_copy(update={"drills": (drill,)})
        found.append(replace(report, document=measured, policy=policy_text(rules)))
    picture = ET.fromstring(figures_over_runs(found))  # noqa: S314  our own
    rows = {row.findtext(f"{_SVG}text"): row for row in picture.iter(f"{_SVG}g")}
    rto, rpo = rows["RTO, primary killed"], rows["RPO, primary killed"]
    circles = rto.findall(f"{_SVG}circle")
    assert [circle.findtext(f"{_SVG}title") for circle in circles][-1] == "run run-4: 66 s of at most 60 s"
    heights = [float(circle.attrib["cy"]) for circle in circles]
    limit = float(rto.findall(f"{_SVG}line")[1].attrib["y1"])
    assert heights[3] < limit < heights[1] < heights[2] < heights[0], "higher is nearer to the top"
    assert len({circle.attrib["fill"] for circle in circles[:3]}) == 1
    assert circles[3].attrib["fill"] != circles[0].attrib["fill"]
    assert (len(rpo.findall(f"{_SVG}circle")), "?" in "".join(rpo.itertext())) == (3, True)
    assert figures_over_runs([replace(found[0], policy=b"")]) == b""


def test_every_figure_that_is_known_has_a_name() -> None:
    made = document()
    keys = {metric["key"] for metric in metrics(made)}
    named = performance(made)["metrics"]
    assert isinstance(named, dict)
    assert keys == set(named) >= {"RTO.primary_killed", "RPO.primary_killed"}


def test_the_banner_says_what_is_open_and_makes_nothing_of_it_markup() -> None:
    shown = banner(document(failing=True, name="<script>alert(1)</script>"), trust="verified")
    assert ("REJECTED" in shown, "room/legacy_protocols_refused" in shown) == (True, True)
    assert "<script>alert" not in shown


def test_a_report_that_does_not_hold_gets_no_allure_page(room: BoardRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NpmPackages, "install", lambda _: None)
    published = room.publish(document())
    (published.folder / "results.json").write_text("{}")
    page = room.directory / "page.html"
    arguments = ["report", "open", str(published.folder), "--no-browser", "--output", str(page)]
    done = CliRunner().invoke(main, [*arguments, "--key", str(room.directory / "gate.pub")])
    assert (done.exit_code, page.exists(), "DOES NOT HOLD" in done.output) == (1, False, True)
    gone = CliRunner().invoke(main, ["report", "open", str(room.directory / "gone"), "--no-browser"])
    assert (gone.exit_code, "there is no folder" in gone.output) == (2, True)


def test_without_npm_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package-lock.json").write_text(tmp_path.name)  # what no cache has
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NpmError, match="npm is not installed: apt install it"):
        NpmPackages("nothing", tmp_path, advice="apt install it").install()


def test_allure_is_pinned_exactly() -> None:
    package, lock = (json.loads((SOURCE / name).read_text()) for name in ("package.json", "package-lock.json"))
    wanted = {**package["dependencies"], **package["devDependencies"], **package["optionalDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    installed = {path.removeprefix("node_modules/"): entry for path, entry in lock["packages"].items() if path}
    assert {name: installed[name]["version"] for name in wanted} == wanted
    assert [path for path, entry in installed.items() if not entry.get("integrity")] == []


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
