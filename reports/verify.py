"""Verify a report before reading it: exact bytes, one key, every file, and that no newer report replaces it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports import history, manifest, signed_policy
from reports.consistency import contradiction
from reports.document import RESULTS, DocumentError, ReportDocument, decode
from reports.envelope import exact, keyid_of, opened
from reports.files import read_plain, sha256
from reports.head import Head
from reports.question import Expected, demand_answer
from reports.raw_records import unrecorded
from reports.refusals import Refusal, UnreadableError, VerificationError
from reports.render.junit import JUNIT
from reports.sign import ENVELOPE
from reports.signed_policy import POLICY
from reports.standing import HistoryStanding, standing_of, told
from reports.statement import Statement, outcomes

_LARGEST_ENVELOPE = 64 * 2**20
_ANYTHING = Expected()
INTEGRITY_ONLY = (
    "Its key was made by the machine that ran it, for nobody in particular: it proves integrity only, that nothing was"
    " altered since, and not who signed."
)


@dataclass(frozen=True)
class Verified:
    """A report that holds, read from the very bytes that were verified.

    Args:
        digest: SHA-256 of its envelope.
        keyid: of the key that signed it.
        standing: what the history says of it.
        policy: what policy.json holds; empty in a report of before policies were signed whole.
        attested: when it was there by a time stamping authority, if one was asked.
    """

    document: ReportDocument
    policy: bytes
    statement: Statement
    digest: str
    keyid: str
    standing: HistoryStanding
    attested: datetime | None = None

    @property
    def newest(self) -> bool | None:
        """Whether it is the newest on its target, by its policy and of its kind; None where no signed history says."""
        return self.standing.newest

    @property
    def proves_signer(self) -> bool:
        """Whether somebody chose the key that signed it; a report of before this was told is given the benefit."""
        return self.document.signer != "machine key"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know of the runs before it and of the clock, a sentence each."""
        return (*told(self.standing.earlier), *self.standing.remarks)

    def sentence(self, *, pinned: bool) -> str:
        """What has been verified; ``pinned`` says that the key came from the signer and not from beside the report."""
        number = self.statement.predicate.sequence
        newest = (
            f"report {number} on this target and the newest" if self.newest else "whether it is the newest is not known"
        )
        key = f"key {self.keyid[:16]} {'pinned' if pinned else 'NOT pinned'}"
        proves = [] if self.proves_signer else [INTEGRITY_ONLY]
        holds = f"Signature, results, JUnit and evidence are what was signed; {newest}; {key}."
        return " ".join([holds, *proves, *self.remarks])


def verify(
    folder: Path,
    key: SSlibKey,
    *,
    expected: Expected = _ANYTHING,
    history_file: Path | None = None,
    demand_history: bool = False,
    head: Head | None = None,
) -> Verified:
    """Verify a report's folder.

    Args:
        folder: holds report.dsse.json and what it signs.
        key: the only key whose signature counts.
        expected: what it must be about.
        history_file: default is ``history.jsonl`` beside the folder; an absent default leaves ``newest`` None.
        demand_history: refuse when the history is missing; always so when ``history_file`` or ``head`` is given.
        head: of the history as it was once; what has been cut off or altered since is refused.

    Raises:
        VerificationError: it does not hold; carries the typed reason.
        UnreadableError: there is no report.
    """
    folder = folder.resolve()
    envelope, statement, keyid, document, policy = verify_folder(folder, key)
    demand_answer(statement, expected, policy)
    path = history_file or folder.parent / history.HISTORY
    digest = sha256(envelope)
    standing = HistoryStanding(newest=None, earlier=statement.predicate.earlier)
    if history_file is not None or demand_history or head is not None or path.exists():
        entries = history.read(path)
        if head is not None:
            head.demand_extended_by(path)
        standing = standing_of(entries, statement, digest, key, path)
    return Verified(
        document=document,
        policy=policy,
        statement=statement,
        digest=digest,
        keyid=keyid,
        standing=standing,
    )


def verify_folder(folder: Path, key: SSlibKey) -> tuple[bytes, Statement, str, ReportDocument, bytes]:
    """Verify what lies in a report's folder, whatever a history says of it.

    Returns:
        Its envelope, statement, id of the key, results and policy.

    Raises:
        VerificationError, UnreadableError: as `verify`.
    """
    envelope = read_envelope(folder)
    statement, keyid = verify_envelope(envelope, key)
    document, policy = _verify_files(folder, statement)
    _verify_agreement(document, statement)
    return envelope, statement, keyid, document, policy


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


def signer_of(content: bytes) -> str:
    """The id of the key that an envelope says it was signed with; nothing is verified.

    Raises:
        VerificationError: NOT_CANONICAL.
    """
    return keyid_of(exact(content, ENVELOPE))


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


def _verify_files(folder: Path, statement: Statement) -> tuple[ReportDocument, bytes]:
    """The results, and the policy; empty in a report of before policies were signed whole."""
    files = statement.predicate.files
    if set(files) - {POLICY} != {RESULTS, JUNIT, manifest.SIGNED_AS}:
        msg = "The envelope does not sign exactly the results, the JUnit file, the policy and the evidence manifest."
        raise VerificationError(Refusal.WRONG_STATEMENT, msg)
    results = _signed(folder, RESULTS, files, Refusal.RESULTS_CHANGED)
    cases = _signed(folder, JUNIT, files, Refusal.JUNIT_CHANGED)
    listed = _signed(folder, manifest.SIGNED_AS, files, Refusal.MANIFEST_CHANGED)
    evidence = _verify_evidence(folder / manifest.FOLDER, listed)
    try:
        document = decode(results)
    except DocumentError as problem:
        raise VerificationError(Refusal.WRONG_STATEMENT, str(problem)) from problem
    policy = _signed(folder, POLICY, files, Refusal.POLICY_CHANGED) if POLICY in files else b""
    wrong = contradiction(document, cases, now=datetime.now(UTC)) or unrecorded(document, evidence)
    if policy and not wrong:
        wrong = signed_policy.contradiction(document, policy)
    if wrong:
        raise VerificationError(Refusal.INCONSISTENT, wrong)
    return document, policy


def _signed(folder: Path, name: str, files: dict[str, str], refusal: Refusal) -> bytes:
    try:
        content = read_plain(folder / name)
    except OSError as problem:
        raise VerificationError(refusal, f"{name} cannot be read: {problem.strerror}.") from problem
    if sha256(content) != files[name]:
        raise VerificationError(refusal, f"{name} is not the file that was signed: it was altered afterwards.")
    return content


def _verify_evidence(folder: Path, listed: bytes) -> tuple[str, ...]:
    """The names of all evidence."""
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
    return tuple(found)


def _verify_agreement(document: ReportDocument, statement: Statement) -> None:
    """The signer, too, may be wrong: what is signed outside results.json must be what is inside."""
    claim, identity = statement.predicate, document.identity
    agree = (
        (claim.decision, claim.score) == (document.decision, document.score)
        and (claim.kind, claim.system_id) == (identity.kind, identity.system_id)
        and (claim.checks, claim.own_files) == (outcomes(document), document.own_files)
        and (statement.subject[0].name, statement.subject_digest) == (identity.name, identity.digest)
        and (claim.run_id, claim.started, claim.ended) == (identity.run_id, identity.started, identity.ended)
        and (claim.policy.name, claim.policy.digest) == (identity.policy, identity.policy_digest)
        and claim.files.get(POLICY, claim.policy.digest) == claim.policy.digest
        and (claim.harness_version, claim.git_commit) == (identity.harness_version, identity.git_commit)
    )
    if not agree:
        msg = "The signed statement and results.json disagree on the decision, the checks or what was gated."
        raise VerificationError(Refusal.INCONSISTENT, msg)
