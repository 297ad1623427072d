"""Verify a report before reading it: exact bytes, one key, every file, and that no newer report replaces it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports import history, manifest
from reports.consistency import contradiction
from reports.document import RESULTS, DocumentError, ReportDocument, decode
from reports.envelope import exact, keyid_of, opened
from reports.files import read_plain, sha256
from reports.records import RunKind
from reports.refusals import Refusal, UnreadableError, VerificationError
from reports.render.junit import JUNIT
from reports.sign import ENVELOPE
from reports.statement import Statement, outcomes

_LARGEST_ENVELOPE = 64 * 2**20


@dataclass(frozen=True)
class Expected:
    """What a report must be about to answer a question; what is left out is not asked.

    Args:
        kind: of the run.
        subject: the target's name.
        policy_digest: `document.policy_digest` of the policy.
    """

    kind: RunKind | None = None
    subject: str = ""
    policy_digest: str = ""


_ANYTHING = Expected()


@dataclass(frozen=True)
class Verified:
    """A report that holds, read from the very bytes that were verified.

    Args:
        newest: the history says that it is the newest on its subject; None when there was no history to ask.
        digest: SHA-256 of its envelope.
        keyid: of the key that signed it.
    """

    document: ReportDocument
    statement: Statement
    digest: str
    keyid: str
    newest: bool | None

    def sentence(self, *, pinned: bool) -> str:
        """What has been verified; ``pinned`` says that the key came from the signer and not from beside the report."""
        number = self.statement.predicate.sequence
        newest = (
            f"report {number} on this target and the newest" if self.newest else "whether it is the newest is not known"
        )
        key = f"key {self.keyid[:16]} {'pinned' if pinned else 'NOT pinned'}"
        return f"Signature, results, JUnit and evidence are what was signed; {newest}; {key}."


def verify(
    folder: Path,
    key: SSlibKey,
    *,
    expected: Expected = _ANYTHING,
    history_file: Path | None = None,
    demand_history: bool = False,
) -> Verified:
    """Verify a report's folder.

    Args:
        folder: holds report.dsse.json and what it signs.
        key: the only key whose signature counts.
        expected: what it must be about.
        history_file: default is ``history.jsonl`` beside the folder; an absent default leaves ``newest`` None.
        demand_history: refuse when the history is missing; always so when ``history_file`` is given.

    Raises:
        VerificationError: it does not hold; carries the typed reason.
        UnreadableError: there is no report.
    """
    folder = folder.resolve()
    envelope = read_envelope(folder)
    statement, keyid = verify_envelope(envelope, key)
    document = _verify_files(folder, statement)
    _verify_agreement(document, statement)
    _verify_question(statement, expected)
    path = history_file or folder.parent / history.HISTORY
    known: bool | None = None
    if history_file is not None or demand_history or path.exists():
        _verify_newest(history.read(path), statement, sha256(envelope), path)
        known = True
    return Verified(document=document, statement=statement, digest=sha256(envelope), keyid=keyid, newest=known)


def read_envelope(folder: Path) -> bytes:
    """The bytes of a folder's envelope.

    Raises:
        UnreadableError: there is none.
    """
    path = folder / ENVELOPE
    try:
        return read_plain(path, _LARGEST_ENVELOPE)
    except OSError as problem:
        msg = f"there is no report in {folder}: cannot read {ENVELOPE} ({problem.strerror})"
        raise UnreadableError(msg) from problem


def verify_envelope(content: bytes, key: SSlibKey) -> tuple[Statement, str]:
    """The statement in an envelope and the id of the key that signed it.

    Raises:
        VerificationError: NOT_CANONICAL, WRONG_KEY, BAD_SIGNATURE or WRONG_STATEMENT.
    """
    envelope = exact(content, ENVELOPE)
    payload = opened(envelope, key, ENVELOPE)
    try:
        return Statement.model_validate_json(payload), keyid_of(envelope)
    except ValidationError as problem:
        msg = "The envelope is signed, but its content is no report of this version."
        raise VerificationError(Refusal.WRONG_STATEMENT, msg) from problem


def _verify_files(folder: Path, statement: Statement) -> ReportDocument:
    files = statement.predicate.files
    if set(files) != {RESULTS, JUNIT, manifest.SIGNED_AS}:
        msg = "The envelope does not sign exactly the results, the JUnit file and the evidence manifest."
        raise VerificationError(Refusal.WRONG_STATEMENT, msg)
    results = _signed(folder, RESULTS, files, Refusal.RESULTS_CHANGED)
    cases = _signed(folder, JUNIT, files, Refusal.JUNIT_CHANGED)
    listed = _signed(folder, manifest.SIGNED_AS, files, Refusal.MANIFEST_CHANGED)
    _verify_evidence(folder / manifest.FOLDER, listed)
    try:
        document = decode(results)
    except DocumentError as problem:
        raise VerificationError(Refusal.WRONG_STATEMENT, str(problem)) from problem
    if wrong := contradiction(document, cases, now=datetime.now(UTC)):
        raise VerificationError(Refusal.INCONSISTENT, wrong)
    return document


def _signed(folder: Path, name: str, files: dict[str, str], refusal: Refusal) -> bytes:
    try:
        content = read_plain(folder / name)
    except OSError as problem:
        raise VerificationError(refusal, f"{name} cannot be read: {problem.strerror}.") from problem
    if sha256(content) != files[name]:
        raise VerificationError(refusal, f"{name} is not the file that was signed: it was altered afterwards.")
    return content


def _verify_evidence(folder: Path, listed: bytes) -> None:
    try:
        expected = manifest.decode(listed)
    except ValueError as problem:
        raise VerificationError(Refusal.WRONG_STATEMENT, "The evidence manifest is unreadable.") from problem
    try:
        found = manifest.survey(folder)
    except manifest.EvidenceError as problem:
        raise VerificationError(Refusal.EVIDENCE_REPLACED, f"{problem}.") from problem
    except OSError as problem:
        msg = f"Evidence cannot be read: {problem.filename}: {problem.strerror}."
        raise VerificationError(Refusal.EVIDENCE_REMOVED, msg) from problem
    removed, added = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    replaced = sorted(name for name in set(expected) & set(found) if expected[name] != found[name])
    for refusal, names, what in (
        (Refusal.EVIDENCE_REPLACED, replaced, "is not the file that was signed"),
        (Refusal.EVIDENCE_REMOVED, removed, "was signed and is gone"),
        (Refusal.EVIDENCE_ADDED, added, "was not there when the report was signed"),
    ):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise VerificationError(refusal, f"{manifest.FOLDER}/{names[0]} {what}{more}.")


def _verify_agreement(document: ReportDocument, statement: Statement) -> None:
    """The signer, too, may be wrong: what is signed outside results.json must be what is inside."""
    claim, identity = statement.predicate, document.identity
    agree = (
        (claim.decision, claim.score) == (document.decision, document.score)
        and claim.kind == identity.kind
        and (claim.checks, claim.own_files) == (outcomes(document), document.own_files)
        and (statement.subject[0].name, statement.subject_digest) == (identity.name, identity.digest)
        and (claim.run_id, claim.started, claim.ended) == (identity.run_id, identity.started, identity.ended)
        and (claim.policy.name, claim.policy.digest) == (identity.policy, identity.policy_digest)
        and (claim.harness_version, claim.git_commit) == (identity.harness_version, identity.git_commit)
    )
    if not agree:
        msg = "The signed statement and results.json disagree on the decision, the checks or what was gated."
        raise VerificationError(Refusal.INCONSISTENT, msg)


def _verify_question(statement: Statement, expected: Expected) -> None:
    """An approval of something else answers nothing."""
    claim, name = statement.predicate, statement.subject[0].name
    if expected.kind not in (None, claim.kind):
        msg = f"Run {claim.run_id} was a {claim.kind}, not a {expected.kind}."
        raise VerificationError(Refusal.OTHER_KIND, msg)
    if expected.subject not in ("", name):
        shown = name if name.isascii() else f"{name} ({name.encode('unicode_escape').decode()})"
        msg = f"The report is about {shown}, not about {expected.subject}."
        raise VerificationError(Refusal.OTHER_SUBJECT, msg)
    if expected.policy_digest not in ("", claim.policy.digest):
        msg = (
            f"It was judged by the policy {claim.policy.name} with the digest {claim.policy.digest[:12]}, and the one"
            f" asked for has {expected.policy_digest[:12]}."
        )
        raise VerificationError(Refusal.OTHER_POLICY, msg)


def _verify_newest(entries: tuple[history.HistoryEntry, ...], statement: Statement, digest: str, path: Path) -> None:
    position = next((i for i, entry in enumerate(entries) if entry.report == digest), None)
    if position is None:
        msg = f"The report is not in {path}: it was not published there, or its entry was removed."
        raise VerificationError(Refusal.NOT_IN_HISTORY, msg)
    own, claim = entries[position], statement.predicate
    before = history.newest(entries[:position], statement.subject_digest)
    agree = (
        own.subject_digest == statement.subject_digest
        and (own.sequence, own.run_id, own.decision) == (claim.sequence, claim.run_id, claim.decision)
        and claim.previous == (before.report if before else "")
    )
    if not agree:
        msg = f"{path} contradicts the report on its number or on the report before it."
        raise VerificationError(Refusal.HISTORY_BROKEN, msg)
    last = history.newest(entries, statement.subject_digest)
    if last is not None and last.report != digest:
        msg = (
            f"Run {claim.run_id} is report {claim.sequence} on this target; run {last.run_id} "
            f"({last.decision}, {last.ended:%Y-%m-%d %H:%M} UTC) is report {last.sequence} and replaces it."
        )
        raise VerificationError(Refusal.SUPERSEDED, msg)
