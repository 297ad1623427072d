"""history.jsonl: every report published in a folder, each line chained to the one before by SHA-256.

Whoever may write the whole folder can cut the newest entries off together with their reports. Only a copy kept
elsewhere shows that: give it to ``report verify --history``.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, FiniteFloat, ValidationError

from reports.document import canonical
from reports.files import read_plain, sha256, write_atomically
from reports.records import Digest, Record, Verdict
from reports.refusals import Refusal, VerificationError

HISTORY = "history.jsonl"


class HistoryEntry(Record):
    """One published report. ``report`` is the SHA-256 of its envelope, ``chain`` that of the line before."""

    subject: str
    subject_digest: Digest
    sequence: int
    run_id: str
    report: Digest
    decision: Verdict
    score: FiniteFloat
    ended: AwareDatetime
    chain: Digest | Literal[""]

    def encode(self) -> bytes:
        """Its line."""
        return canonical(self.model_dump(mode="json")) + b"\n"


def decode(content: bytes, source: Path) -> tuple[HistoryEntry, ...]:
    """The entries of a history, oldest first.

    Raises:
        VerificationError: HISTORY_BROKEN, when a line is not what was written, or the chain does not hold.
    """
    entries: list[HistoryEntry] = []
    newest: dict[str, int] = {}
    chain = ""
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        try:
            entry = HistoryEntry.model_validate_json(line)
        except ValidationError as problem:
            msg = f"Line {number} of {source} is no entry of a history."
            raise VerificationError(Refusal.HISTORY_BROKEN, msg) from problem
        following = entry.sequence == newest.get(entry.subject_digest, 0) + 1
        if entry.encode() != line or entry.chain != chain or not following:
            msg = f"Line {number} of {source} does not follow from the line before: the history was altered."
            raise VerificationError(Refusal.HISTORY_BROKEN, msg)
        newest[entry.subject_digest] = entry.sequence
        chain = sha256(line)
        entries.append(entry)
    return tuple(entries)


def read(path: Path) -> tuple[HistoryEntry, ...]:
    """The entries of a history file, oldest first.

    Raises:
        VerificationError: HISTORY_MISSING or HISTORY_BROKEN.
    """
    try:
        content = read_plain(path, follow=True)
    except OSError as problem:
        msg = f"The history {path} cannot be read ({problem.strerror}), so nothing says which report is the newest."
        raise VerificationError(Refusal.HISTORY_MISSING, msg) from problem
    return decode(content, path)


def newest(entries: Sequence[HistoryEntry], subject_digest: str) -> HistoryEntry | None:
    """The last report on a subject."""
    return next((entry for entry in reversed(entries) if entry.subject_digest == subject_digest), None)


class OpenHistory:
    """A history that this process alone may extend; see `extending`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = read_plain(path) if path.exists() else b""
        self.entries = decode(self._content, path)

    def append(self, entry: HistoryEntry) -> None:
        """Add an entry, durably; its ``chain`` is set here."""
        lines = self._content.splitlines(keepends=True)
        chained = entry.model_copy(update={"chain": sha256(lines[-1]) if lines else ""})
        content = self._content + chained.encode()
        write_atomically(self._path, content)
        self._content, self.entries = content, (*self.entries, chained)


@contextlib.contextmanager
def extending(path: Path) -> Iterator[OpenHistory]:
    """Hold a history for reading and appending; others wait.

    Raises:
        VerificationError: HISTORY_BROKEN.
        OSError: its folder cannot be written.
    """
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield OpenHistory(path)
