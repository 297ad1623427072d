"""Drills as they are shown: a row each, by what was promised, and what repeated runs support."""

from __future__ import annotations

import pytest
from rich.console import Console

from checks.targets import Continuity
from reports.drill_figures import DrillRecord
from reports.render.drills import drill_lines, drill_table
from suites.unit.reports.report_samples import document

pytestmark = pytest.mark.unit


def _record(**changed: object) -> DrillRecord:
    return document().drills[0].model_copy(update=changed)


def _rows(*drills: DrillRecord) -> str:
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(drill_table(drills))
    assert max(map(len, captured.get().splitlines())) <= 80
    return " ".join(captured.get().split())


def test_a_row_for_each_by_what_was_promised() -> None:
    waits = _record(scenario="inference-server-killed", writes=Continuity.WAIT, rto_s=None, healed_rto_s=3.25)
    shown = _rows(_record(), waits, _record(scenario="gone", rto_s=None, complete_read=False))
    assert "primary_killed 7.31 s 0.40 s 7.35 s 0 of 1834 14.20 s" in shown
    assert "inference-server-killed +3.25 s 0.40 s" in shown
    assert "gone none 0.40 s 7.35 s not known" in shown
    assert list(drill_lines([waits]))[-1] == "+ after the heal, until which they may wait"


def test_where_the_time_went() -> None:
    """The parts add up to the time that clients saw."""
    whole = drill_lines([_record(lock_lost_s=5.0, elected_s=6.5, taken_over_s=7.0)])
    assert "  detect 5.00 s + elect 1.50 s + promote 0.50 s + route 0.31 s" in list(whole)
    assert "  promote 7.00 s + route 0.31 s" in list(drill_lines([_record(taken_over_s=7.0)]))
    assert not any("route" in line for line in drill_lines([_record()]))


def test_what_repeated_runs_support() -> None:
    runs = [_record(scenario=f"cut, run {number}", rto_s=float(number)) for number in (1, 2, 6)]
    lines = list(drill_lines(runs))
    assert "cut, 3 runs: RTO writes 2.00 s in the median, 6.00 s at most; 3 came back and lost nothing" in lines
    assert "  with 95% confidence, no more than 63% of such failures end otherwise" in lines


@pytest.mark.parametrize("flaw", [{"lost": 1}, {"rto_s": None}, {"two_primaries_seen": True}, {"complete_read": False}])
def test_one_run_that_did_not_end_well_leaves_no_bound(flaw: dict[str, object]) -> None:
    lines = list(drill_lines([_record(scenario="cut, run 1"), _record(scenario="cut, run 2", **flaw)]))
    assert any("; 1 came back and lost nothing" in line for line in lines)
    assert not any("confidence" in line for line in lines)
