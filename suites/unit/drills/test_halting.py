"""When a drill is healed at once: by histories that are written by hand."""

from __future__ import annotations

import pytest

from checks.targets import Continuity, RecoveryPromise
from fixtures.drills.halting import overdue_s
from fixtures.drills.ledger import EntryKind, LedgerEntry

pytestmark = pytest.mark.unit

_GOES_ON = RecoveryPromise(Continuity.CONTINUE, Continuity.CONTINUE, gap_s=2.0)


def _at(kind: EntryKind, *seconds: float) -> list[LedgerEntry]:
    return [LedgerEntry(kind, int(second * 1e9)) for second in seconds]


def _history(*acknowledged: float, heal: float | None = None) -> list[LedgerEntry]:
    """Writes from the first second on, broken in the tenth, and reads that are always answered."""
    reads = [number / 2 for number in range(2, 60)]
    return [
        *_at(EntryKind.INVOKE, 0.9),
        *_at(EntryKind.OK, *range(1, 11), *acknowledged),
        *_at(EntryKind.READ_OK, *reads),
        *_at(EntryKind.EFFECT, 10.1),
        *(_at(EntryKind.HEAL, heal) if heal is not None else []),
    ]


@pytest.mark.parametrize(
    ("entries", "now_s", "overdue"),
    [
        (_history(), 11.9, 0.0),
        (_history(), 12.5, 0.5),
        (_history(12.0, 14.0), 15.9, 0.0),
        (_history(heal=12.2), 20.0, 0.2),
        (_history(13.0, heal=20.0), 30.0, 8.0),  # what came back late does not mend the promise
        (_at(EntryKind.INVOKE, 0.9), 20.0, 0.0),  # nothing is broken yet
    ],
)
def test_overdue(entries: list[LedgerEntry], now_s: float, overdue: float) -> None:
    assert overdue_s(entries, _GOES_ON, int(now_s * 1e9)) == pytest.approx(overdue)


def test_only_what_goes_on_has_such_a_promise() -> None:
    assert overdue_s(_history(), RecoveryPromise(), int(30e9)) == 0.0
    reads = RecoveryPromise(reads=Continuity.CONTINUE, gap_s=2.0)
    assert overdue_s(_history(), reads, int(29e9)) == 0.0
    silent = [entry for entry in _history() if entry.kind is not EntryKind.READ_OK]
    assert overdue_s(silent, reads, int(14.1e9)) == pytest.approx(4.0)


def test_an_injection_is_not_interrupted() -> None:
    """What it broke before it took effect counts from then on."""
    entries = [*_at(EntryKind.INVOKE, 0.5), *_at(EntryKind.OK, 1), *_at(EntryKind.EFFECT, 9)]
    assert overdue_s(entries, _GOES_ON, int(9.5e9)) == pytest.approx(0.5)
