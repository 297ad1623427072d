"""Where a report stands in a history: whether it is the newest on its question, and what stands before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.clock import clock_faults
from reports.history import Entry, RunEnded, RunStarted, UnsignedEntry, check_signatures, without_end
from reports.records import EarlierRun, utc
from reports.refusals import Refusal, VerificationError
from reports.statement import Statement


@dataclass(frozen=True)
class HistoryStanding:
    """What a history says of a report that stands in it.

    Args:
        newest: that it is the newest on its question; None where its entry is not signed.
        earlier: runs before it for which no report of the folder answers.
        remarks: what a reader should know besides, a sentence each.
        line: of its entry, from 1; None where there is no history, as ``entered``, when that was written.
    """

    newest: bool | None
    earlier: tuple[EarlierRun, ...]
    remarks: tuple[str, ...] = ()
    line: int | None = None
    entered: datetime | None = None


def standing_of(
    entries: Sequence[Entry], statement: Statement, digest: str, key: SSlibKey, path: Path
) -> HistoryStanding:
    """Hold a report against a history.

    Args:
        entries: of the history, from ``path``.
        digest: SHA-256 of the report's envelope.
        key: that signed the report; every line that claims to be its must be.

    Raises:
        VerificationError: NOT_IN_HISTORY, HISTORY_BROKEN or SUPERSEDED.
    """
    check_signatures(entries, key, path)
    found = ((i, e) for i, e in enumerate(entries) if not isinstance(e, RunStarted) and e.report == digest)
    position, own = next(found, (0, None))
    if own is None:
        msg = f"The report is not in {path}: it was not published there, or its entry was removed."
        raise VerificationError(Refusal.NOT_IN_HISTORY, msg)
    agree = _agrees_unsigned(own, statement) if isinstance(own, UnsignedEntry) else _agrees(own, statement, key)
    if not (agree and _follows(own, statement, entries[:position])):
        msg = f"{path} contradicts the report on its number, on the report before it or on what was gated."
        raise VerificationError(Refusal.HISTORY_BROKEN, msg)
    _refuse_superseded(own, entries[position + 1 :], statement)
    up_to = entries[: position + 1]
    signed = [entry for entry in up_to if not isinstance(entry, UnsignedEntry)]
    return HistoryStanding(
        newest=None if isinstance(own, UnsignedEntry) else True,
        earlier=_earlier(entries, up_to, statement),
        remarks=(*_register_faults(signed, key.keyid), *clock_faults(signed)),
        line=position + 1,
        entered=None if isinstance(own, UnsignedEntry) else own.at,
    )


def told(earlier: Sequence[EarlierRun]) -> list[str]:
    """What a reader should know of the runs before a report, a sentence each."""
    aborted = [run for run in earlier if run.decision is None]
    elsewhere = [run for run in earlier if run.decision is not None]
    sentences = []
    if aborted:
        what = "an aborted run stands" if len(aborted) == 1 else f"{len(aborted)} aborted runs stand"
        last = aborted[-1]
        sentences.append(f"{what} before it ({'' if len(aborted) == 1 else 'the last: '}{last.run_id}, {utc(last.at)})")
    if elsewhere:
        counts = {run.decision: sum(other.decision is run.decision for other in elsewhere) for run in elsewhere}
        said = ", ".join(f"{count} {decision}" for decision, count in counts.items())
        what = "a report was" if len(elsewhere) == 1 else f"{len(elsewhere)} reports were"
        sentences.append(f"{what} published on it in other folders before ({said})")
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences]


def _agrees(own: RunEnded, statement: Statement, key: SSlibKey) -> bool:
    claim = statement.predicate
    return (
        (own.subject, own.subject_digest) == (statement.subject[0].name, statement.subject_digest)
        and (own.kind, own.policy_digest) == (claim.kind, claim.policy.digest)
        and (own.run_id, own.sequence, own.ended) == (claim.run_id, claim.sequence, claim.ended)
        and (own.decision, own.score, own.keyid) == (claim.decision, claim.score, key.keyid)
    )


def _agrees_unsigned(own: UnsignedEntry, statement: Statement) -> bool:
    claim = statement.predicate
    return (
        own.subject_digest == statement.subject_digest
        and (own.sequence, own.run_id, own.decision) == (claim.sequence, claim.run_id, claim.decision)
        and (own.subject, own.score, own.ended) == (statement.subject[0].name, claim.score, claim.ended)
    )


def _follows(own: RunEnded | UnsignedEntry, statement: Statement, before: Sequence[Entry]) -> bool:
    """The report before it, where that stands in the same history, is the one that it names."""
    claim = statement.predicate
    ended = [entry for entry in before if not isinstance(entry, RunStarted)]
    last = next((entry for entry in reversed(ended) if _same(entry, own)), None)
    if last is not None and last.sequence == own.sequence - 1:
        return claim.previous == last.report
    return claim.previous == "" if own.sequence == 1 else isinstance(own, RunEnded)


def _same(entry: RunEnded | UnsignedEntry, own: RunEnded | UnsignedEntry) -> bool:
    """Whether both stand in one sequence."""
    if isinstance(entry, RunEnded) and isinstance(own, RunEnded):
        return (entry.question, entry.keyid) == (own.question, own.keyid)
    return isinstance(entry, UnsignedEntry) and isinstance(own, UnsignedEntry) and _same_target(entry, own)


def _same_target(entry: RunEnded | UnsignedEntry, own: RunEnded | UnsignedEntry) -> bool:
    return entry.subject_digest == own.subject_digest


def _refuse_superseded(own: RunEnded | UnsignedEntry, after: Sequence[Entry], statement: Statement) -> None:
    """By whatever key: a report that another key signed may be the newer one, and nobody should miss it."""
    newer = [
        entry
        for entry in after
        if not isinstance(entry, RunStarted)
        and (
            entry.question == own.question
            if isinstance(entry, RunEnded) and isinstance(own, RunEnded)
            else _same_target(entry, own)
        )
    ]
    if newer:
        last, claim = newer[-1], statement.predicate
        msg = (
            f"Run {claim.run_id} is report {claim.sequence} on this target; run {last.run_id} "
            f"({last.decision}, {last.ended:%Y-%m-%d %H:%M} UTC) is report {last.sequence} and replaces it."
        )
        raise VerificationError(Refusal.SUPERSEDED, msg)


def _earlier(entries: Sequence[Entry], up_to: Sequence[Entry], statement: Statement) -> tuple[EarlierRun, ...]:
    """What the report says itself, and what the history shows besides."""
    claim, name = statement.predicate, statement.subject[0].name
    here = {entry.run_id for entry in entries if isinstance(entry, RunEnded)}
    runs = {run.run_id: run for run in claim.earlier if run.run_id not in here}
    before = {entry.run_id for entry in up_to}
    for start in without_end(entries):
        if start.run_id in before and (start.kind, start.subject) == (claim.kind, name):
            runs[start.run_id] = EarlierRun(run_id=start.run_id, at=start.at, decision=None)
    return tuple(sorted(runs.values(), key=lambda run: (run.at, run.run_id)))


def _register_faults(entries: Sequence[RunStarted | RunEnded], keyid: str) -> list[str]:
    """Where a key's register had fewer lines than before: it was removed, or the key was used on another machine."""
    faults, most = [], -1
    for entry in entries:
        if entry.keyid != keyid:
            continue
        if entry.register_size <= most:
            faults.append(
                f"The key's register was begun anew before run {entry.run_id}, or that run was made by another user or"
                " on another machine: what was published in other folders before is not known."
            )
        most = entry.register_size
    return faults
