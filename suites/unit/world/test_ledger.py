"""The drill's ledger: what was written is read back, and any change to the file shows."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.drills.ledger import DrillLedger, EntryKind, LedgerEntry, clock_skew_s, key_of, payload, read_ledger

pytestmark = pytest.mark.unit


def _written(folder: Path) -> Path:
    path = folder / "drill.jsonl"
    with DrillLedger(path) as ledger:
        ledger.clock()
        for number in range(5):
            ledger.append(EntryKind.INVOKE, f"k-{number}", worker=number)
            ledger.append(EntryKind.OK, f"k-{number}", worker=number)
        ledger.clock()
    return path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    entries, intact = read_ledger(_written(tmp_path))
    assert intact
    assert [EntryKind.CLOCK, *([EntryKind.INVOKE, EntryKind.OK] * 5), EntryKind.CLOCK] == [
        entry.kind for entry in entries
    ]
    assert sorted(entry.at_ns for entry in entries) == [entry.at_ns for entry in entries]


def _altered(lines: list[str]) -> list[str]:
    return [line.replace('"ok"', '"fail"') if at == 4 else line for at, line in enumerate(lines)]


def _rehashed(lines: list[str]) -> list[str]:
    """One entry altered, its own hash made to fit by taking it for the first of a chain of its own."""
    fields = json.loads(lines[4]) | {"kind": "fail", "hash": "0" * 64}
    return [*lines[:4], json.dumps(fields), *lines[5:]]


def _removed(lines: list[str]) -> list[str]:
    return [*lines[:4], *lines[5:]]


def _cut(lines: list[str]) -> list[str]:
    return lines[:-2]


def _swapped(lines: list[str]) -> list[str]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def _garbled(lines: list[str]) -> list[str]:
    return [*lines[:4], lines[4][: len(lines[4]) // 2], *lines[5:]]


@pytest.mark.parametrize("change", [_altered, _rehashed, _removed, _cut, _swapped, _garbled])
def test_any_change_shows(tmp_path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path = _written(tmp_path)
    lines = path.read_text().splitlines()
    assert read_ledger(path)[1]
    path.write_text("\n".join(change(lines)) + "\n")
    assert not read_ledger(path)[1]


def test_a_ledger_without_its_head_is_not_intact(tmp_path: Path) -> None:
    path = _written(tmp_path)
    path.with_suffix(".head").unlink()
    assert not read_ledger(path)[1]


def test_a_ledger_is_never_written_over(tmp_path: Path) -> None:
    path = _written(tmp_path)
    with pytest.raises(FileExistsError):
        DrillLedger(path)


def test_threads_share_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "drill.jsonl"
    with DrillLedger(path) as ledger:

        def append(worker: int) -> None:
            for number in range(50):
                ledger.append(EntryKind.INVOKE, f"{worker}-{number}", worker=worker)

        threads = [threading.Thread(target=append, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    entries, intact = read_ledger(path)
    assert intact
    assert len(entries) == 400


def test_a_payload_names_its_key() -> None:
    assert key_of(payload("drill-7")) == "drill-7"
    assert payload("drill-7") != payload("drill-8")
    assert not key_of("something else entirely".replace(" ", ""))


def test_clock_skew_is_the_difference_of_two_clocks() -> None:
    first = LedgerEntry(EntryKind.CLOCK, 0, detail="2026-01-01T00:00:00+00:00")
    last = LedgerEntry(EntryKind.CLOCK, 10_000_000_000, detail="2026-01-01T00:00:10.250000+00:00")
    assert clock_skew_s([first, last]) == pytest.approx(0.25)
    assert clock_skew_s([first]) == float("inf")
