"""Every command that reads a report takes a trust file, too, and reads nothing that its keys did not sign."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner, Result

from cli import main
from reports import clock
from reports.writer import Published, publish
from suites.unit.reports.board_samples import BoardRoom, report_of
from suites.unit.reports.report_samples import START, document

NEVER = "0" * 64


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Published, Published]:
    root = tmp_path / "gate"
    return publish(root, "run-1", document("run-1")), publish(root, "run-2", document("run-2"))


def _trust(tmp_path: Path, keyid: str, **changes: object) -> Path:
    valid = {"valid_from": START - timedelta(days=1), "valid_until": clock.now() + timedelta(days=1)}
    path = tmp_path / "trust.toml"
    path.write_text(tomli_w.dumps({"key": [{"id": keyid, "owner": "St. Jude", **valid, **changes}]}))
    return path


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def _readers(old: Published, new: Published) -> dict[str, list[object]]:
    return {
        "export": ["export", new.folder, "--format", "csv"],
        "diff": ["diff", old.folder, new.folder],
        "board": ["board", new.folder],
        "show": ["show", new.folder],
    }


@pytest.mark.parametrize("name", ["export", "diff", "board", "show"])
def test_a_trust_file_says_whose_report_is_read(
    name: str, reports: tuple[Published, Published], tmp_path: Path
) -> None:
    command = _readers(*reports)[name]
    trusted = _run(*command, "--trust", _trust(tmp_path, reports[0].verified.keyid))
    assert trusted.exit_code == 0, trusted.output

    strange = _run(*command, "--trust", _trust(tmp_path, NEVER))
    assert (strange.exit_code, strange.stdout) == (1, "")
    assert "key not in the trust file" in strange.stderr

    expired = {"valid_until": START - timedelta(hours=1)}
    late = _run(*command, "--trust", _trust(tmp_path, reports[0].verified.keyid, **expired))
    assert (late.exit_code, late.stdout) == (1, "")
    assert "key not valid then" in late.stderr


@pytest.mark.parametrize("name", ["export", "diff", "board"])
def test_whose_report_it_is_must_be_said(name: str, reports: tuple[Published, Published]) -> None:
    told = _run(*_readers(*reports)[name])
    assert (told.exit_code, told.stdout) == (2, "")
    assert "say whose report it is with --key PUB" in told.stderr


def test_a_report_from_before_its_key_counted_is_compared_with_nothing(tmp_path: Path) -> None:
    room, now = BoardRoom(tmp_path), clock.now()
    older = room.publish(report_of("run-1", ended=now - timedelta(days=4)))
    newer = room.publish(report_of("run-2", ended=now))
    for days, said in ((5, "Run run-1 of"), (1, "No earlier report on this target was approved")):
        trust = _trust(tmp_path, older.verified.keyid, valid_from=now - timedelta(days=days))
        done = _run("board", newer.folder, "--trust", trust)
        assert done.exit_code == 0, done.output
        assert said in (newer.folder / "board.html").read_text()


@pytest.mark.parametrize("name", ["export", "board", "show"])
def test_that_nobody_knows_whether_it_is_the_newest_is_unknown(
    name: str, reports: tuple[Published, Published], tmp_path: Path
) -> None:
    (tmp_path / "gate" / "history.jsonl").unlink()
    told = _run(*_readers(*reports)[name], "--key", reports[1].public_key)
    assert told.exit_code == 3, told.output
    assert name == "show" or "UNKNOWN whether it is the newest report" in told.stderr
