"""Where runs are entered: when they begin, and again when their report is published.

Each entry stands twice: in the history of the report folder, which goes with the reports, and in the register of the
signing key, which lies elsewhere on the machine and knows of every folder. The register numbers the reports, so that a
run in a folder of its own counts like any other.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from securesystemslib.signer import Signer  # type: ignore[attr-defined]  # it re-exports without __all__

from reports import clock
from reports.document import ReportDocument
from reports.files import sha256
from reports.history import HISTORY, OpenHistory, RunEnded, RunStarted, extending, without_end
from reports.records import EarlierRun, RunKind


@dataclass(frozen=True)
class PlannedRun:
    """What is known of a run before its first check. ``subject`` is the target's name."""

    run_id: str
    kind: RunKind
    subject: str
    policy_digest: str


@dataclass(frozen=True)
class RunLog:
    """The two files in which the runs of a key are entered.

    Args:
        root: the report folder, e.g. ``build/gate``.
        registers: folder of the registers, one file for each key.
        signer: signs every entry.
    """

    root: Path
    registers: Path
    signer: Signer

    @property
    def register(self) -> Path:
        """The register of the key."""
        return self.registers / f"{self.signer.public_key.keyid[:16]}.jsonl"

    @contextlib.contextmanager
    def held(self) -> Iterator[HeldLog]:
        """Hold both files for reading and appending; others wait.

        Raises:
            VerificationError: HISTORY_BROKEN.
            OSError: one cannot be written.
        """
        with extending(self.register, self.signer) as register, extending(self.root / HISTORY, self.signer) as history:
            yield HeldLog(register, history, self.registers)


@dataclass(frozen=True)
class HeldLog:
    """Both files, while no other process may extend them."""

    register: OpenHistory
    history: OpenHistory
    marks: Path

    def start(self, run: PlannedRun) -> None:
        """Enter a run that begins."""
        self._append(
            RunStarted(
                run_id=run.run_id,
                kind=run.kind,
                subject=run.subject,
                policy_digest=run.policy_digest,
                at=clock.now(),
                boot=clock.boot_id(),
                uptime_s=clock.uptime_s(),
                register_size=len(self.register.entries),
            )
        )

    def started(self, run_id: str) -> bool:
        """Whether a run was entered when it began."""
        return all(
            any(isinstance(entry, RunStarted) and entry.run_id == run_id for entry in book.entries)
            for book in (self.register, self.history)
        )

    def number(self, document: ReportDocument) -> tuple[int, str]:
        """The number of the next report on the same question, and the SHA-256 of the one before, if there is one."""
        question, keyid = _question(document), self.register.keyid
        before = [
            entry
            for book in (self.register, self.history)
            for entry in book.entries
            if isinstance(entry, RunEnded) and (entry.question, entry.keyid) == (question, keyid)
        ]
        last = max(before, key=lambda entry: entry.sequence, default=None)
        return (last.sequence + 1, last.report) if last else (1, "")

    def earlier(self, document: ReportDocument) -> tuple[EarlierRun, ...]:
        """The runs on the same target for which no report in this folder answers."""
        identity = document.identity
        here = {entry.run_id for entry in self.history.entries if isinstance(entry, RunEnded)}
        found: dict[str, EarlierRun] = {}
        for book in (self.register, self.history):
            for start in without_end(book.entries):
                same = (start.kind, start.subject) == (identity.kind, identity.name)
                if same and start.run_id not in {identity.run_id, *here} and not is_running(self.marks, start.run_id):
                    found[start.run_id] = EarlierRun(run_id=start.run_id, at=start.at, decision=None)
        for entry in self.register.entries:
            if isinstance(entry, RunEnded) and entry.question == _question(document) and entry.run_id not in here:
                found[entry.run_id] = EarlierRun(run_id=entry.run_id, at=entry.at, decision=entry.decision)
        return tuple(sorted(found.values(), key=lambda run: (run.at, run.run_id)))

    def end(self, document: ReportDocument, envelope: bytes, sequence: int) -> None:
        """Enter a report."""
        identity = document.identity
        self._append(
            RunEnded(
                run_id=identity.run_id,
                kind=identity.kind,
                subject=identity.name,
                policy_digest=identity.policy_digest,
                at=clock.now(),
                boot=clock.boot_id(),
                uptime_s=clock.uptime_s(),
                register_size=len(self.register.entries),
                subject_digest=identity.digest,
                sequence=sequence,
                report=sha256(envelope),
                decision=document.decision,
                score=document.score,
                ended=identity.ended,
            )
        )
        _mark(self.marks, identity.run_id).unlink(missing_ok=True)

    def _append(self, entry: RunStarted | RunEnded) -> None:
        self.register.append(entry)  # first: what a crash leaves out of the folder's history, the register still tells
        self.history.append(entry)


def _question(document: ReportDocument) -> tuple[str, ...]:
    identity = document.identity
    return (identity.digest, identity.policy_digest, identity.kind)


def mark_running(folder: Path, run_id: str) -> TextIO:
    """Say that a run goes on for as long as the returned file is open; the kernel closes it with the process."""
    file = _mark(folder, run_id).open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def is_running(folder: Path, run_id: str) -> bool:
    """Whether a process of this machine still holds the mark of a run; a mark that nobody holds is removed."""
    path = _mark(folder, run_id)
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _mark(folder: Path, run_id: str) -> Path:
    return folder / f".{run_id}.running"
