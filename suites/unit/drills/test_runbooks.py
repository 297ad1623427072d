"""The runbooks are what the scenarios say, and each can be followed."""

from __future__ import annotations

import re
import shlex

import pytest

from docs.write_runbooks import FOLDER, kept, measured_of, pages
from fixtures import REPOSITORY
from fixtures.drills.runbooks import runbooks
from fixtures.drills.scenarios import SCENARIOS

pytestmark = pytest.mark.unit

_PROGRAMS = {"curl", "df", "etcdctl", "journalctl", "patronictl", "ping", "psql", "redis-cli", "ss", "systemctl"}


def test_the_pages_are_true() -> None:
    """Write them anew when this fails: python docs/write_runbooks.py."""
    written = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert written == pages(kept())


def test_every_scenario_has_one_and_no_other() -> None:
    assert set(runbooks()) == set(SCENARIOS)
    assert all(book.steps for book in runbooks().values())


def test_every_alert_is_one_of_the_stack() -> None:
    rules = (REPOSITORY / "fixtures" / "reference" / "config" / "alerts.yml").read_text()
    there = set(re.findall(r"alert: (\w+)", rules))
    assert {alert for book in runbooks().values() for alert in book.alerts} <= there


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_command_is_a_whole_one(scenario: str) -> None:
    for step in runbooks()[scenario].steps:
        program, *words = shlex.split(step.run)
        assert program in _PROGRAMS
        assert words
        assert step.do.endswith(".")


def test_the_times_are_those_of_the_results() -> None:
    """And what may wait is told from the heal on."""
    figures = dict.fromkeys(
        ("read_rto_s", "healed_read_rto_s", "lock_lost_s", "taken_over_s", "longest_gap_s", "redundancy_s"), 1.25
    )
    drill = {"scenario": "both-replicas-killed", "rto_s": None, "healed_rto_s": 9.03, "acknowledged": 404, "lost": 0}
    results = {"identity": {"run_id": "r", "ended": "2026"}, "drills": [drill | figures]}
    made = pages(measured_of(results))
    page = made["both-replicas-killed.md"]
    assert "| writes served again, from the heal | 9.03 s |" in page
    assert "from the fault" not in page
    assert "0 of 404 acknowledged writes were lost." in page
    assert "| 9.0 s after the heal | 0 of 404 |" in made["README.md"]
    assert "It has not been measured." in made["router-killed.md"]
