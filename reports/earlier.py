"""The reports before one: on the same target and of the same kind, each verified as it was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports import history
from reports.as_published import verify_as_entered
from reports.changes import incomparable
from reports.records import Verdict
from reports.refusals import UnreadableError, VerificationError
from reports.signoff.board import Board
from reports.signoff.judge import approvals_of
from reports.verify import Verified


@dataclass(frozen=True)
class EarlierReport:
    """A report that holds, and the folder that it is in."""

    folder: Path
    found: Verified


def earlier_reports(
    folder: Path, found: Verified, key: SSlibKey, *, history_file: Path | None = None, most: int = 20
) -> tuple[EarlierReport, ...]:
    """The newest ``most`` of the reports before one that are still there and hold, oldest first.

    Args:
        folder: of the report that was ``found``; the others lie beside it.
        key: the only key whose signature counts.
        history_file: default is ``history.jsonl`` beside the folder; without one there is nothing earlier.
    """
    folder = folder.resolve()
    path = history_file or folder.parent / history.HISTORY
    if not path.exists():
        return ()
    identity = found.document.identity
    before: list[history.RunEnded | history.UnsignedEntry] = []
    for entry in history.read(path):
        if isinstance(entry, history.RunStarted):
            continue
        if entry.report == found.digest:
            break
        same_kind = not isinstance(entry, history.RunEnded) or entry.kind == identity.kind
        if same_kind and entry.subject == identity.name:
            before.append(entry)
    reports = (_verified(folder.parent / entry.run_id, entry.report, found, key) for entry in before[-most:])
    return tuple(report for report in reports if report is not None)


def last_approved(
    reports: Sequence[EarlierReport], board: Board | None = None, *, now: datetime
) -> EarlierReport | None:
    """The newest report that was approved: by a board if one is given, else by the gate.

    Args:
        reports: oldest first.
        board: approves what enough of its roles approve and none rejects.
        now: UTC.
    """
    for report in reversed(reports):
        approved = _signed_off(report, board, now) if board else report.found.document.decision is Verdict.APPROVED
        if approved:
            return report
    return None


def _verified(folder: Path, report: str, newer: Verified, key: SSlibKey) -> EarlierReport | None:
    """None where it is gone or does not hold: what nobody can rely on is compared with nothing."""
    try:
        found = verify_as_entered(folder, key, report)
    except (UnreadableError, VerificationError):
        return None
    return None if incomparable(found.document, newer.document) else EarlierReport(folder, found)


def _signed_off(report: EarlierReport, board: Board, now: datetime) -> bool:
    if report.found.document.decision is Verdict.REJECTED:
        return False
    try:
        approvals = approvals_of(report.folder, report.found, board, now=now)
    except VerificationError:
        return False
    return len(approvals) >= board.least and all(approval.claim.approves for approval in approvals)
