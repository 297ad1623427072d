"""A clock that was set is told by what entries say of it, whether in a run or between two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from reports import clock, history
from reports.history import Entry, OpenHistory, RunEnded, RunStarted
from reports.keys import load_public, load_signer
from reports.run_log import PlannedRun
from reports.verify import verify
from reports.writer import begin, publish
from suites.unit.reports.report_samples import document

NOW = clock.now()


def _started(run_id: str, at: datetime, uptime_s: float, boot: str = "boot-1") -> RunStarted:
    return RunStarted(
        run_id=run_id,
        kind="gate",
        subject="s",
        policy_digest="0" * 64,
        at=at,
        boot=boot,
        uptime_s=uptime_s,
        register_size=0,
    )


@pytest.mark.parametrize(
    ("passed_s", "uptime_s", "boot", "said"),
    [
        (3600, 3600, "boot-1", ""),
        (3603, 3600, "boot-1", ""),  # stepped by NTP
        (86_430, 86_400, "boot-1", ""),  # slewed by NTP over a day
        (3609.5, 3600, "boot-1", "set by +10 s"),
        (-3600, 3600, "boot-1", "set by -7200 s"),
        (0, 86_400, "boot-1", "set by -86400 s"),
        (-3600, 5, "boot-2", "the clock stood back"),
        (3600, 5, "boot-2", ""),
        (-3600, 5, "", "the clock stood back"),
    ],
)
def test_a_clock_that_was_set_is_found(passed_s: float, uptime_s: float, boot: str, said: str) -> None:
    """By what passed on the machine, and after a restart only where it stands before what was entered."""
    first = _started("run-1", NOW, 1000.0, "boot-1" if boot else "")
    faults = clock.clock_faults([first, _started("run-2", NOW + timedelta(seconds=passed_s), 1000 + uptime_s, boot)])
    assert [said in fault for fault in faults] == ([True] if said else [])


def test_this_machines_clock_was_not_set_just_now() -> None:
    """Real readings, as they are entered."""
    readings = [_started(str(i), clock.now(), clock.uptime_s(), clock.boot_id()) for i in range(3)]
    assert (clock.clock_faults(readings), len(readings[0].boot)) == ([], 36)


def _set_before_the_end(entry: Entry) -> dict[str, object]:
    back = {"at": entry.at - timedelta(hours=2)} if isinstance(entry, RunEnded) else {}
    return dict(back)


def _booted_before_the_end(entry: Entry) -> dict[str, object]:
    return _set_before_the_end(entry) | ({"boot": "another"} if isinstance(entry, RunEnded) else {})


@pytest.mark.parametrize(
    ("lie", "said"),
    [(_set_before_the_end, "The wall clock was set by -72"), (_booted_before_the_end, "the clock stood back")],
)
def test_a_clock_set_back_in_a_run_is_told_of_its_report(
    lie: Callable[[Entry], dict[str, object]], said: str, tmp_path: Path
) -> None:
    """By verify, by show and by the list of the history; signed by the machine on which it happened."""
    root = tmp_path / "gate"
    published = publish(root, "run-1", document())
    assert published.verified.remarks == ()
    path, key = root / history.HISTORY, load_public(published.public_key)
    entries = history.read(path)
    path.write_bytes(b"")
    book = OpenHistory(path, load_signer(tmp_path / "keys/gate.ed25519"))
    for entry in entries:
        assert isinstance(entry, RunStarted | RunEnded)
        book.append(entry.model_copy(update=lie(entry)))
    found = verify(published.folder, key)
    assert (found.newest, len(found.remarks)) == (True, 1)
    assert said in found.remarks[0]
    for arguments in (["verify", str(published.folder)], ["show", str(published.folder)], ["history", str(root)]):
        told = CliRunner().invoke(main, ["report", *arguments])
        assert said in " ".join(told.output.split()), arguments


def test_a_run_before_what_was_entered_is_told(tmp_path: Path) -> None:
    """The clock was set back since, or was ahead then: the run goes on, and its report says so."""
    root = tmp_path / "gate"
    publish(root, "run-1", document())
    path, signer = root / history.HISTORY, load_signer(tmp_path / "keys/gate.ed25519")
    ahead = _started("ahead", clock.now() + timedelta(hours=1), clock.uptime_s(), "another boot")
    OpenHistory(path, signer).append(ahead.model_copy(update={"register_size": 2}))
    begin(root, PlannedRun("run-2", "gate", "s", "0" * 64)).close()
    told = publish(root, "run-2", document("run-2")).verified.remarks
    assert [("Run run-2 was entered at" in remark, "the clock stood back" in remark) for remark in told][-1] == (
        True,
        True,
    )
