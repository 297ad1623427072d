"""What changed since an older report, in the order in which a board asks: what is worse first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reports.changes import Changes, changes
from reports.document import ReportDocument
from reports.earlier import EarlierReport
from reports.records import utc

_TOLERANCE = 0.1  # share by which a time may grow, as in `report diff`


@dataclass(frozen=True)
class BoardChange:
    """One thing that is not as it was."""

    text: str
    worse: bool


@dataclass(frozen=True)
class SinceApproval:
    """``older`` says since which report; ``changes`` has nothing where nothing of it has changed."""

    older: str
    changes: tuple[BoardChange, ...]
    title: str = "Since the last approval"


def since_approval(last: EarlierReport, document: ReportDocument, *, by_board: bool) -> SinceApproval:
    """Compare a report with the last that was approved.

    Args:
        last: the approved one.
        document: the newer one.
        by_board: whether a board approved it, or only the gate.
    """
    who = "the board" if by_board else "the gate"
    older = last.found.document
    return SinceApproval(f"{_named(older)}, approved by {who}.", _listed(older, document))


def since_report(older: ReportDocument, document: ReportDocument) -> SinceApproval:
    """Compare a report with an older one that somebody chose, whoever approved it."""
    return SinceApproval(f"{_named(older)}: {older.decision.value}.", _listed(older, document), "Since an older report")


def _named(older: ReportDocument) -> str:
    return f"Run {older.identity.run_id} of {utc(older.identity.ended)}"


def _listed(older: ReportDocument, document: ReportDocument) -> tuple[BoardChange, ...]:
    found = changes(older, document, tolerance=_TOLERANCE)
    return tuple(sorted(_changes(found), key=lambda change: not change.worse))


def _changes(found: Changes) -> Iterator[BoardChange]:
    before, after = found.decision
    if before is not after:
        yield BoardChange(f"decision {before.value} -> {after.value}", found.decision_worse)
    if found.target:
        yield BoardChange("the target has other parts or versions", worse=False)
    if found.policy:
        yield BoardChange("it was judged by another policy", worse=False)
    for check in found.checks:
        old, new = (status.value if status else "absent" for status in (check.old, check.new))
        yield BoardChange(f"{check.id}: {old} -> {new}", check.worse)
    for figure in found.figures:
        if figure.worse:
            was, now = (replace(figure.figure, value=value).shown for value in (figure.old, figure.new))
            yield BoardChange(f"{figure.figure.kind} of {', '.join(figure.figure.of)}: {was} -> {now}", worse=True)
    for waiver in found.waivers:
        yield BoardChange(f"waived since: {waiver.check}, by {waiver.owner} until {waiver.expires}", worse=False)
    for waiver in found.ended:
        yield BoardChange(f"waived no more: {waiver.check}", worse=False)
    for fact in found.facts:
        yield BoardChange(fact.shown, worse=False)
