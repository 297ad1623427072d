"""history.jsonl: every run that was begun and every report that was published in a folder, in signed lines.

Each line is chained to the one before by SHA-256, signed with the key of the reports, and a leaf of a hash tree
(`reports/merkle.py`). Whoever may write the whole folder can still cut the newest lines off together with their
reports. A head that was kept elsewhere shows that (``report verify --head``), and so does a copy (``--history``).
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, FiniteFloat, TypeAdapter, ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # it re-exports without __all__
    Key,
    Signature,
    Signer,
)

from reports.document import canonical
from reports.files import read_plain, sha256, write_atomically
from reports.records import Digest, Record, RunKind, Verdict
from reports.refusals import Refusal, VerificationError

HISTORY = "history.jsonl"
_TYPE = "application/vnd.clinical-gate.history+json"


class _Line(Record):
    def encode(self) -> bytes:
        """The line."""
        return canonical(self.model_dump(mode="json")) + b"\n"


class _SignedLine(_Line):
    """One signed line.

    Args:
        subject: the target's name; ``policy_digest`` of the policy as it was given.
        at: when it was entered, UTC; ``uptime_s`` after the boot of the id ``boot``.
        register_size: how many lines the key's register had before.
        chain: SHA-256 of the line before.
        sig: over all other fields, as a DSSE payload; hex.
    """

    run_id: str
    kind: RunKind
    subject: str
    policy_digest: Digest
    at: AwareDatetime
    boot: str
    uptime_s: FiniteFloat
    register_size: int = Field(ge=0)
    chain: Digest | Literal[""] = ""
    keyid: str = ""
    sig: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return Envelope(canonical(self.model_dump(mode="json", exclude={"sig"})), _TYPE, {}).pae()


class RunStarted(_SignedLine):
    """A run, entered before its first check. Until it has an end, nobody knows what it would have said."""

    event: Literal["started"] = "started"


class RunEnded(_SignedLine):
    """A published report. ``report`` is the SHA-256 of its envelope."""

    event: Literal["ended"] = "ended"
    subject_digest: Digest
    sequence: int = Field(ge=1)
    report: Digest
    decision: Verdict
    score: FiniteFloat
    ended: AwareDatetime

    @property
    def question(self) -> tuple[str, ...]:
        """What it answers: a newer report replaces an older one on the same target, policy and kind of run."""
        return (self.subject_digest, self.policy_digest, self.kind)


class UnsignedEntry(_Line):
    """A report as it was entered before lines were signed. Anybody could have written it."""

    subject: str
    subject_digest: Digest
    sequence: int
    run_id: str
    report: Digest
    decision: Verdict
    score: FiniteFloat
    ended: AwareDatetime
    chain: Digest | Literal[""]


Entry = RunStarted | RunEnded | UnsignedEntry
_ANY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(union_mode="smart")])


@dataclass
class _Followed:
    """What the lines so far allow the next one to be."""

    chain: str = ""
    signed: bool = False

    def __post_init__(self) -> None:
        self._open: dict[str, RunStarted] = {}
        self._runs: set[str] = set()
        self._numbers: dict[tuple[str, ...], int] = {}

    def admits(self, entry: Entry) -> bool:
        """Whether the entry may stand next; it is taken as read."""
        if entry.chain != self.chain or (self.signed and isinstance(entry, UnsignedEntry)):
            return False
        if isinstance(entry, UnsignedEntry):
            return self._counts((entry.subject_digest,), entry.sequence, step=1)
        self.signed = True
        if isinstance(entry, RunStarted):
            fresh = entry.run_id not in self._runs
            self._runs.add(entry.run_id)
            self._open[entry.run_id] = entry
            return fresh
        began = self._open.pop(entry.run_id, None)
        same = began is not None and (began.kind, began.keyid) == (entry.kind, entry.keyid)
        return same and self._counts((entry.keyid, *entry.question), entry.sequence)

    def _counts(self, what: tuple[str, ...], number: int, *, step: int | None = None) -> bool:
        before = self._numbers.get(what, 0)
        self._numbers[what] = number
        return number > before if step is None else number == before + step


def decode(content: bytes, source: Path) -> tuple[Entry, ...]:
    """The entries of a history, oldest first; signatures are for `check_signatures`.

    Raises:
        VerificationError: HISTORY_BROKEN, when a line is not what was written, or the chain does not hold.
    """
    entries: list[Entry] = []
    so_far = _Followed()
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        try:
            entry = _ANY.validate_json(line)
        except ValidationError as problem:
            msg = f"Line {number} of {source} is no entry of a history."
            raise VerificationError(Refusal.HISTORY_BROKEN, msg) from problem
        if entry.encode() != line or not so_far.admits(entry):
            msg = f"Line {number} of {source} does not follow from the line before: the history was altered."
            raise VerificationError(Refusal.HISTORY_BROKEN, msg)
        so_far.chain = sha256(line)
        entries.append(entry)
    return tuple(entries)


def is_entry(line: bytes) -> bool:
    """Whether a line has the form of an entry."""
    try:
        _ANY.validate_json(line)
    except ValidationError:
        return False
    return True


def check_signatures(entries: Sequence[Entry], key: Key, source: Path) -> None:
    """Hold every line that claims to be of a key against that key.

    Raises:
        VerificationError: HISTORY_BROKEN.
    """
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, UnsignedEntry) or entry.keyid != key.keyid:
            continue
        try:
            key.verify_signature(Signature(entry.keyid, entry.sig), entry.signed_bytes())
        except UnverifiedSignatureError as problem:
            msg = f"Line {number} of {source} is not what the key {key.keyid[:16]} signed: the history was altered."
            raise VerificationError(Refusal.HISTORY_BROKEN, msg) from problem


def read(path: Path) -> tuple[Entry, ...]:
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


def without_end(entries: Sequence[Entry]) -> tuple[RunStarted, ...]:
    """The runs that were begun and have no report: aborted, or still running."""
    ended = {entry.run_id for entry in entries if isinstance(entry, RunEnded)}
    return tuple(entry for entry in entries if isinstance(entry, RunStarted) and entry.run_id not in ended)


class OpenHistory:
    """A history that this process alone may extend; see `extending`."""

    def __init__(self, path: Path, signer: Signer) -> None:
        self._path, self._signer = path, signer
        self._content = read_plain(path) if path.exists() else b""
        self.entries = decode(self._content, path)
        check_signatures(self.entries, signer.public_key, path)

    @property
    def keyid(self) -> str:
        """Of the key that signs what is added."""
        return str(self._signer.public_key.keyid)

    def append(self, entry: RunStarted | RunEnded) -> None:
        """Add an entry, durably; it is chained and signed here."""
        lines = self._content.splitlines(keepends=True)
        chained = {"chain": sha256(lines[-1]) if lines else "", "keyid": self.keyid}
        draft = entry.model_copy(update=chained)
        signed = draft.model_copy(update={"sig": self._signer.sign(draft.signed_bytes()).signature})
        content = self._content + signed.encode()
        decode(content, self._path)  # what does not follow would make the whole history unreadable
        write_atomically(self._path, content)
        self._content, self.entries = content, (*self.entries, signed)


@contextlib.contextmanager
def extending(path: Path, signer: Signer) -> Iterator[OpenHistory]:
    """Hold a history for reading and appending; others wait.

    Raises:
        VerificationError: HISTORY_BROKEN.
        OSError: its folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield OpenHistory(path, signer)
