"""What changed between two reports: each change is told and weighed, and the exit code says whether any is worse."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from checks.model import Gate, Reason, Status
from cli import main
from reports.changes import changes
from reports.document import ReportDocument
from reports.records import CheckRecord, Verdict
from reports.waivers import Waiver
from suites.unit.reports.board_samples import APPEND_ONLY, HSTS, report_of
from suites.unit.reports.export_samples import Exporter
from suites.unit.reports.report_samples import END, START, decided, document, policy, proofs, result, rule

pytestmark = pytest.mark.unit


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


def _diff(exporter: Exporter, old: ReportDocument, new: ReportDocument, *options: str) -> Result:
    folders = [str(exporter.publish(made).folder) for made in (old, new)]
    return CliRunner().invoke(main, ["report", "diff", *folders, "--key", str(exporter.public), *options])


def _told(exporter: Exporter, old: ReportDocument, new: ReportDocument, *options: str) -> tuple[int, Any]:
    done = _diff(exporter, old, new, "--json", *options)
    return done.exit_code, json.loads(done.stdout)


def _with(check_status: Status, run_id: str, **identity: object) -> ReportDocument:
    """A report of one check, with the figures of the sample."""
    check = rule("hsts_sent")
    reason = Reason.CRASHED if check_status is Status.UNKNOWN else None
    waived = check_status is Status.WAIVED
    waiver = Waiver(check=check.id, owner="Ada", justification="Replaced in the spring.", expires=END.date())
    exempt = ({"check": check.id, "reason": "there is no such part"},) if check_status is Status.NOT_APPLICABLE else ()
    decision = decided(
        [check],
        [result(check, Status.FAIL if waived else check_status, reason=reason)],
        under=policy(gates=(Gate.SECURITY,), floor=0, not_applicable=exempt, required_controls=()),
        waivers=(waiver,) if waived else (),
        proven=proofs([check]),
    )
    made = document(run_id)
    return made.model_copy(
        update={
            "identity": made.identity.model_copy(update=identity),
            "decision": decision.verdict,
            "selfproof": tuple(proofs([check])),
            **{
                name: getattr(decision, name)
                for name in ("score", "floor", "rejections", "conditions", "gates", "checks", "controls", "waivers")
            },
        }
    )


def _slower(made: ReportDocument, **figures: float | None) -> ReportDocument:
    return made.model_copy(update={"drills": (made.drills[0].model_copy(update=figures),)})


def test_two_equal_runs_have_no_change(exporter: Exporter) -> None:
    code, told = _told(exporter, document("run-1"), document("run-2"))
    assert (code, told["worse"], told["checks"], told["new_waivers"]) == (0, False, [], [])
    assert told["decision"] == ["APPROVED", "APPROVED"]
    assert all(figure["old"] == figure["new"] for figure in told["figures"])


def test_what_is_worse_comes_first_and_the_exit_code_says_so(exporter: Exporter) -> None:
    old = report_of("run-1", critical=Status.FAIL, ended=END)
    new = report_of("run-2", others=Status.FAIL, ended=END + timedelta(minutes=1))
    code, told = _told(exporter, old, new)
    assert [(c["id"], c["old"], c["new"], c["worse"]) for c in told["checks"]] == [
        (APPEND_ONLY, "PASS", "FAIL", True),
        (HSTS, "PASS", "FAIL", True),
        ("room/legacy_protocols_refused", "FAIL", "PASS", False),
    ]
    assert (code, told["worse"], told["decision"][0]) == (1, True, "REJECTED")


_RANKED = (Status.PASS, Status.NOT_APPLICABLE, Status.WAIVED, Status.UNKNOWN, Status.FAIL)


@pytest.mark.parametrize("was", _RANKED)
@pytest.mark.parametrize("now", _RANKED)
def test_a_status_is_worse_by_its_rank(was: Status, now: Status) -> None:
    found = changes(_with(was, "run-1"), _with(now, "run-2"), tolerance=0)
    rank = _RANKED.index
    told = [(change.old, change.new, change.worse) for change in found.checks if change.id == HSTS]
    assert told == ([] if was is now else [(was, now, rank(now) > rank(was))])


def test_a_check_that_is_gone_or_that_fails_from_the_first_is_worse() -> None:
    full, fewer = document("run-1"), document("run-2")
    fewer = fewer.model_copy(update={"checks": fewer.checks[1:]})
    gone = changes(full, fewer, tolerance=0)
    assert [(change.id, change.new, change.worse) for change in gone.checks] == [(full.checks[0].id, None, True)]
    assert [change.worse for change in changes(fewer, full, tolerance=0).checks] == [False]
    failing = full.model_copy(update={"checks": (_failing(full.checks[0]), *full.checks[1:])})
    assert [change.worse for change in changes(fewer, failing, tolerance=0).checks] == [True]


def test_a_check_that_never_applied_may_come_and_go() -> None:
    full, fewer = document("run-1"), document("run-2")
    fewer = fewer.model_copy(update={"checks": fewer.checks[1:]})
    exempt = full.checks[0].model_copy(update={"status": Status.NOT_APPLICABLE})
    full = full.model_copy(update={"checks": (exempt, *full.checks[1:])})
    for old, new in ((full, fewer), (fewer, full)):
        assert [change.worse for change in changes(old, new, tolerance=0).checks] == [False]


def _failing(check: CheckRecord) -> CheckRecord:
    return check.model_copy(update={"status": Status.FAIL})


def test_a_lower_score_and_a_worse_decision_are_worse() -> None:
    made = document()
    assert not changes(made, made, tolerance=0).worse
    assert changes(made, made.model_copy(update={"score": 99.0}), tolerance=0).worse
    assert changes(made, made.model_copy(update={"decision": Verdict.CONDITIONAL}), tolerance=0).worse


def test_new_and_ended_waivers_are_told(exporter: Exporter) -> None:
    code, told = _told(exporter, _with(Status.FAIL, "run-1"), _with(Status.WAIVED, "run-2"))
    assert [waiver["check"] for waiver in told["new_waivers"]] == [HSTS]
    assert (told["ended_waivers"], told["new_waivers"][0]["expires"]) == ([], str(END.date()))
    assert code == 0, "a failure that somebody answers for is no worse than one that nobody does"
    back = changes(_with(Status.WAIVED, "run-3"), _with(Status.PASS, "run-4"), tolerance=0)
    assert [waiver.check for waiver in back.ended] == [HSTS]


@pytest.mark.parametrize(
    ("figures", "worse"),
    [({"rto_s": 7.5}, False), ({"rto_s": 9.0}, True), ({"rto_s": None}, True), ({"lost_span_s": 0.1, "lost": 2}, True)],
)
def test_a_figure_is_worse_beyond_the_tolerance(figures: dict[str, float | None], *, worse: bool) -> None:
    old = document("run-1")
    found = changes(old, _slower(old, **figures), tolerance=0.1)
    assert found.worse is worse
    assert [change.worse for change in found.figures if change.old != change.new] == [worse]


def test_epsilon_has_no_tolerance() -> None:
    old = document()
    claim = old.privacy[0].model_copy(update={"epsilon": 0.0501})
    assert changes(old, old.model_copy(update={"privacy": (claim,)}), tolerance=0.1).worse


def test_old_and_new_figures_are_printed(exporter: Exporter) -> None:
    done = _diff(exporter, document("run-1"), _slower(document("run-2"), rto_s=9.0))
    assert done.exit_code == 1
    assert "SOMETHING IS WORSE, reference stack, from run run-1 to run-2" in done.stdout
    assert "worse RTO of primary_killed: 7.31 s -> 9 s" in done.stdout
    assert "decision  APPROVED -> APPROVED" in done.stdout


def test_the_tolerance_is_an_option(exporter: Exporter) -> None:
    assert _diff(exporter, document("run-1"), _slower(document("run-2"), rto_s=9.0), "--tolerance", "30").exit_code == 0


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (document("run-2", name="St. Jude"), "The one is about reference stack, the other about St. Jude."),
        (document("run-2", kind="drill"), "The one is a gate, the other a drill."),
    ],
)
def test_another_target_or_kind_is_not_comparable(exporter: Exporter, other: ReportDocument, reason: str) -> None:
    done = _diff(exporter, document("run-1"), other)
    assert (done.exit_code, done.stdout) == (3, f"NOT COMPARABLE: {reason}\n")


def test_the_older_report_comes_first(exporter: Exporter) -> None:
    late = {"started": START + timedelta(hours=1), "ended": END + timedelta(hours=1)}
    done = _diff(exporter, _with(Status.PASS, "run-1", **late), _with(Status.PASS, "run-2"))
    assert done.exit_code == 2
    assert "run run-1 ended after run run-2: give the older report first" in done.stderr


def test_another_policy_or_version_of_the_target_is_told(exporter: Exporter) -> None:
    new = _with(Status.PASS, "run-2", digest="0" * 64, policy_digest="1" * 64)
    done = _diff(exporter, _with(Status.PASS, "run-1"), new)
    assert done.exit_code == 0, done.output
    assert "The target has other parts or versions than before." in done.stdout
    assert "It was judged by another policy than before." in done.stdout


@pytest.mark.parametrize("altered", ["run-1", "run-2"])
def test_neither_report_may_have_been_altered(exporter: Exporter, altered: str) -> None:
    folders = [exporter.publish(document(name)).folder for name in ("run-1", "run-2")]
    (exporter.directory / "gate" / altered / "junit.xml").write_text("<testsuites/>")
    done = CliRunner().invoke(main, ["report", "diff", *map(str, folders), "--key", str(exporter.public)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "junit.xml altered" in done.stderr


def test_an_old_report_must_still_be_in_the_history(exporter: Exporter) -> None:
    folders = [exporter.publish(document(name)).folder for name in ("run-1", "run-2", "run-3")]
    history = exporter.directory / "gate" / "history.jsonl"
    lines = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(b"".join(lines[1:]))
    done = CliRunner().invoke(main, ["report", "diff", *map(str, folders[:2]), "--key", str(exporter.public)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "history altered" in done.stderr
