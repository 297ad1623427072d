"""A series of nights: one that is missing, red or worse is told by words, by the exit code and by metrics."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.targets import Continuity
from cli import main
from commands import report_nights
from reports.measured import MeasuredFigure, measured
from reports.nightly import Night, NightFault, NightlyTerms, remarks
from reports.records import Verdict
from reports.writer import publish
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit

_NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
_TERMS = NightlyTerms()


def _night(days_ago: float, rto_s: float | None, decision: Verdict = Verdict.APPROVED) -> Night:
    figure = MeasuredFigure("RTO", ("primary-paused",), rto_s, "s")
    return Night(f"run-{days_ago}", _NOW - timedelta(days=days_ago), decision, (figure,))


def _series(*newest: Night) -> list[Night]:
    """Ten usual nights, and then these."""
    return [*(_night(day, 20.0 + day / 10) for day in range(10, 0, -1)), *newest]


def _faults(*newest: Night) -> list[NightFault]:
    return [remark.fault for remark in remarks(_series(*newest), _TERMS, _NOW)]


def test_a_usual_night_is_well() -> None:
    assert _faults(_night(0.1, 20.9)) == []
    assert _faults(_night(0.1, 25.6)) == []  # 20.55 s in the median


def test_a_night_that_is_missing() -> None:
    assert _faults(_night(1.05, 20.0)) == []
    (remark,) = remarks(_series()[:-1], _TERMS, _NOW)
    assert (remark.fault, remark.text) == (
        NightFault.MISSING,
        "the newest report, run-2, is 48 h old; 26 h are allowed",
    )
    assert [r.text for r in remarks([], _TERMS, _NOW)] == ["there is no report at all"]


@pytest.mark.parametrize("decision", [Verdict.REJECTED, Verdict.CONDITIONAL])
def test_a_night_that_is_red(decision: Verdict) -> None:
    assert _faults(_night(0.1, 20.0, decision)) == [NightFault.RED]


def test_a_night_that_is_worse() -> None:
    (remark,) = remarks(_series(_night(0.1, 25.8)), _TERMS, _NOW)
    assert remark.text == (
        "RTO of primary-paused is 25.8 s; the median of 10 nights before is 20.55 s, and 25% more is allowed"
    )
    assert remark.of == ("primary-paused",)
    assert _faults(_night(0.1, None)) == [NightFault.WORSE]
    left_out = Night("run-0", _NOW, Verdict.APPROVED, ())
    assert _faults(left_out) == [NightFault.WORSE]


def test_what_is_not_worse() -> None:
    """Too few nights to say, hundredths of a second, and a night that an outlier before it makes look better."""
    few = [_night(2, 20.0), _night(1, 20.0), _night(0, 90.0)]
    assert remarks(few, _TERMS, _NOW) == ()
    short = [_night(day, 0.1) for day in range(4, 0, -1)]
    assert remarks([*short, _night(0, 0.4)], _TERMS, _NOW) == ()
    outlier = [*_series(), _night(0.5, 300.0), _night(0.1, 30.0)]
    assert [remark.fault for remark in remarks(outlier, _TERMS, _NOW)] == [NightFault.WORSE]


def test_only_the_last_ten_are_compared_with() -> None:
    long_ago = [_night(day, 5.0) for day in range(39, 10, -1)]
    assert remarks([*long_ago, *_series(_night(0.1, 21.0))], _TERMS, _NOW) == ()


def test_a_clock_that_was_ahead_is_told_and_hides_no_later_night() -> None:
    """Five minutes are no fault; the later of two nights is the one that was signed later."""
    assert _faults(_night(-4 / 1440, 20.0)) == []
    (remark,) = remarks(_series(_night(-365, 20.0)), _TERMS, _NOW)
    assert remark.fault is NightFault.MISSING
    assert remark.text == "the clock was ahead: the newest report, run--365, ended 8760.0 h from now"
    ahead = _night(-365, 20.0)
    assert _faults(ahead, _night(0.1, 20.0)) == []
    assert _faults(ahead, _night(2, 20.0)) == [NightFault.MISSING]
    assert _faults(ahead, _night(0.1, 20.0, Verdict.REJECTED)) == [NightFault.RED]


def test_what_may_wait_has_its_time_from_the_heal_on() -> None:
    made = document()
    waited = made.drills[0].model_copy(update={"writes": Continuity.WAIT, "rto_s": None, "healed_rto_s": 9.0})
    (rto,) = [f for f in measured(made.model_copy(update={"drills": (waited,)})) if f.kind == "RTO"]
    assert rto.value == 9.0


class _Nights:
    """Nights that are published, each some days ago."""

    def __init__(self, root: Path) -> None:
        self.root, self.metrics, self.public, self._number = root, root / "night.prom", Path(), 0

    def publish(self, hours_ago: float, rto_s: float = 7.0, *, failing: bool = False) -> None:
        self._number += 1
        made = document(f"run-{self._number}", kind="drill", failing=failing)
        ended = datetime.now(UTC) - timedelta(hours=hours_ago)
        identity = made.identity.model_copy(update={"started": ended - timedelta(minutes=8), "ended": ended})
        drill = made.drills[0].model_copy(update={"rto_s": rto_s})
        shifted = made.model_copy(update={"identity": identity, "drills": (drill,)})
        self.public = publish(self.root / "drill", identity.run_id, shifted).public_key

    def told(self, *options: str) -> Result:
        words = ["report", "history", str(self.root / "drill"), "--nightly", "--key", str(self.public), *options]
        return CliRunner().invoke(main, [*words, "--prometheus", str(self.metrics)])


@pytest.fixture
def nights(tmp_path: Path) -> _Nights:
    """Three usual nights, and one three days ago."""
    made = _Nights(tmp_path)
    for day in (5, 4, 3):
        made.publish(day * 24)
    return made


def _metric(nights: _Nights, fault: str) -> str:
    lines = nights.metrics.read_text().splitlines()
    return next(line.rpartition(" ")[2] for line in lines if f'fault="{fault}"' in line)


def test_the_command_tells_a_night_a_worse_a_missing_and_a_red_one(nights: _Nights) -> None:
    missing = nights.told()
    assert missing.exit_code == 1
    assert "missing: the newest report, run-3, is 72 h old; 26 h are allowed" in missing.stdout
    assert _metric(nights, "missing") == "1.0"
    nights.publish(3)
    usual = nights.told()
    assert (usual.exit_code, usual.stdout.split()[0]) == (0, "WELL"), usual.stdout
    assert [_metric(nights, fault) for fault in ("missing", "red", "worse")] == ["0.0"] * 3
    nights.publish(2, rto_s=9.0)
    worse = nights.told()
    assert worse.exit_code == 1
    assert "worse: RTO of primary_killed is 9 s; the median of 4 nights before is 7 s" in worse.stdout
    assert _metric(nights, "worse") == "1.0"
    assert nights.told("--tolerance", "30").exit_code == 0
    nights.publish(1, failing=True)
    red = nights.told()
    assert red.exit_code == 1
    assert "red: the newest report, run-6, is REJECTED" in red.stdout
    assert _metric(nights, "red") == "1.0"


class _SetBack(datetime):
    """The clock of a machine whose clock was two days ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _SetBack:
        """Two days before what is taken for the time."""
        return super().now(tz) - timedelta(hours=48)


def test_the_command_looks_past_a_night_of_the_future(nights: _Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its metric, too, is of the night that was signed last."""
    monkeypatch.setattr(report_nights, "datetime", _SetBack)
    nights.publish(0)
    ahead = nights.told()
    assert ahead.exit_code == 1
    assert "missing: the clock was ahead: the newest report, run-4, ended 48.0 h from now" in ahead.stdout
    nights.publish(48 + 30)
    late = nights.told()
    assert late.exit_code == 1
    assert "missing: the newest report, run-5, is 30 h old; 26 h are allowed" in late.stdout
    assert "5 nights, the newest run-5" in late.stdout
    lines = nights.metrics.read_text().splitlines()
    told = next(float(line.split()[-1]) for line in lines if line.startswith("clinical_gate_night_ended"))
    assert told < _SetBack.now(UTC).timestamp()


def test_a_night_that_was_altered_is_red(nights: _Nights) -> None:
    nights.publish(1)
    results = nights.root / "drill" / "run-4" / "results.json"
    results.write_bytes(results.read_bytes().replace(b"7.0", b"6.0"))
    done = nights.told()
    assert done.exit_code == 1
    assert "red: report run-4 does not hold: results.json is not the file that was signed" in done.stdout


def test_an_older_report_in_the_place_of_a_night_is_red(nights: _Nights) -> None:
    """It holds, and is not the one that the history entered for that night."""
    nights.publish(1, rto_s=9.0)
    folder = nights.root / "drill"
    shutil.rmtree(folder / "run-4")
    shutil.copytree(folder / "run-3", folder / "run-4")
    done = nights.told()
    assert done.exit_code == 1
    assert "red: report run-4 does not hold: run-4 holds another report, that of run run-3." in done.stdout


def test_options_that_say_nothing_together_are_refused(nights: _Nights) -> None:
    nights.metrics = nights.root / "nowhere" / "night.prom"
    assert nights.told().exit_code == 2
    for words in (["--nightly"], ["--prometheus", "x"]):
        done = CliRunner().invoke(main, ["report", "history", str(nights.root / "drill"), *words])
        assert done.exit_code == 2
