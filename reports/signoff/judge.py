"""Whether a board has signed a report off: the question before a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reports.records import Verdict, utc
from reports.refusals import Refusal, VerificationError
from reports.signoff.approval import Approval, read_approvals
from reports.signoff.board import Board
from reports.verify import Verified, verify

_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class SignedOff:
    """A report that holds, and those who approved it."""

    report: Verified
    approvals: tuple[Approval, ...]


def verify_open(folder: Path, board: Board, *, now: datetime, history_file: Path | None = None) -> Verified:
    """Verify that a report holds, is the one that the board waits for, the newest, and not too old to act on.

    Raises:
        VerificationError: as `reports.verify.verify`, TOO_OLD, HARNESS or WAIVER_EXPIRED.
        UnreadableError: there is no report.
    """
    found = verify(folder, board.signer, expected=board.expected, history_file=history_file, demand_history=True)
    identity = found.document.identity
    if now - identity.ended > board.valid:
        hours = board.valid / timedelta(hours=1)
        msg = f"Run {identity.run_id} ended at {utc(identity.ended)}, and its report is valid for {hours:g} hours."
        raise VerificationError(Refusal.TOO_OLD, msg)
    _verify_harness(found, board)
    for waiver in found.document.waivers:
        if waiver.in_force and waiver.expires is not None and waiver.expires < now.date():
            msg = f"The waiver of {waiver.check} by {waiver.owner} expired on {waiver.expires}: run the gate again."
            raise VerificationError(Refusal.WAIVER_EXPIRED, msg)
    return found


def _verify_harness(found: Verified, board: Board) -> None:
    harness = found.document.harness
    remarks = harness.remarks if harness else ("the report does not say by what it was judged",)
    if remarks and not board.any_harness:
        msg = f"{'; '.join(remarks)}. Run the gate from a clean checkout."
        raise VerificationError(Refusal.HARNESS, msg)


def verify_signed_off(folder: Path, board: Board, *, now: datetime, history_file: Path | None = None) -> SignedOff:
    """Verify that a report holds and that the board approves it.

    Args:
        folder: of the report.
        now: UTC.

    Raises:
        VerificationError: as `verify_open`; REJECTED_BY_GATE, REJECTED_BY_ROLE, NOT_ALL_APPROVE or
            CONDITION_NOT_ACCEPTED; NO_APPROVAL, OTHER_REPORT or APPROVAL_REMOVED for what lies in ``approvals/``.
        UnreadableError: there is no report.
    """
    found = verify_open(folder, board, now=now, history_file=history_file)
    if found.document.decision is Verdict.REJECTED:
        msg = f"The decision of run {found.document.identity.run_id} is {Verdict.REJECTED.value}."
        raise VerificationError(Refusal.REJECTED_BY_GATE, msg)
    approvals = approvals_of(folder, found, board, now=now)
    for rejection in (a for a in approvals if not a.claim.approves):
        said = f": {rejection.claim.comment}" if rejection.claim.comment else "."
        msg = f"{rejection.claim.role} rejected it on {utc(rejection.claim.at)}{said}"
        raise VerificationError(Refusal.REJECTED_BY_ROLE, msg)
    _verify_accepted(found, approvals)
    missing = sorted(set(board.roles) - {a.claim.role for a in approvals})
    if len(approvals) < board.least:
        msg = f"{len(approvals)} of {board.least} approvals are there; not yet by {', '.join(missing)}."
        raise VerificationError(Refusal.NOT_ALL_APPROVE, msg)
    return SignedOff(found, approvals)


def approvals_of(folder: Path, found: Verified, board: Board, *, now: datetime) -> tuple[Approval, ...]:
    """What the board's roles said of a report, each once, in the order in which it was said.

    Raises:
        VerificationError: NO_APPROVAL, OTHER_REPORT or APPROVAL_REMOVED: what lies there does not hold together.
    """
    approvals = sorted(read_approvals(folder, board.keys), key=lambda approval: approval.claim.at)
    for approval in approvals:
        _verify_one(approval, found, board, now)
    there = {approval.digest for approval in approvals}
    for approval in approvals:
        if set(approval.claim.seen) - there:
            msg = f"{approval.claim.role} saw an approval or a rejection that is gone."
            raise VerificationError(Refusal.APPROVAL_REMOVED, msg)
    yes = [approval.claim.role for approval in approvals if approval.claim.approves]
    if twice := sorted({role for role in yes if yes.count(role) > 1}):
        raise VerificationError(Refusal.NO_APPROVAL, f"{twice[0]} approves twice.")
    return tuple(approvals)


def _verify_one(approval: Approval, found: Verified, board: Board, now: datetime) -> None:
    claim, identity = approval.claim, found.document.identity
    if approval.report != found.digest:
        msg = f"{approval.name} is about another report, that of run {claim.run_id}."
        raise VerificationError(Refusal.OTHER_REPORT, msg)
    if claim.role != (own := board.role_of(approval.keyid)):
        msg = f"{approval.name} speaks for {claim.role} and is signed with the key of {own}."
        raise VerificationError(Refusal.NO_APPROVAL, msg)
    if (claim.run_id, claim.kind, claim.target) != (identity.run_id, identity.kind, identity.name):
        msg = f"{approval.name} names another run than the report that it is about."
        raise VerificationError(Refusal.NO_APPROVAL, msg)
    if not identity.ended - _CLOCKS_DIFFER <= claim.at <= now + _CLOCKS_DIFFER:
        msg = f"{approval.name} was signed before the run ended, or is yet to be signed: {utc(claim.at)}."
        raise VerificationError(Refusal.NO_APPROVAL, msg)


def _verify_accepted(found: Verified, approvals: Sequence[Approval]) -> None:
    for approval in approvals:
        for condition in found.document.conditions:
            if condition.subject not in approval.claim.accepts:
                msg = f"{approval.claim.role} did not accept the condition on {condition.subject}."
                raise VerificationError(Refusal.CONDITION_NOT_ACCEPTED, msg)
