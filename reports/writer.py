"""Publish a report: write every part, sign, enter it in the history, point ``latest`` to it, and verify the result."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from checks.policy import Policy
from reports import manifest
from reports.document import RESULTS, ReportDocument, encode, policy_text
from reports.files import point_link, sha256, write_atomically
from reports.keys import PUBLIC, SigningKeyError, load_public, machine_signer, public_pem
from reports.records import Verdict
from reports.redaction import redact
from reports.refusals import Refusal, UnreadableError, VerificationError
from reports.render.junit import JUNIT, junit
from reports.run_log import PlannedRun, RunLog, mark_running
from reports.sign import ENVELOPE, sign
from reports.signed_policy import POLICY
from reports.signers.opening import open_signer, registers_beside, signer_kind
from reports.statement import statement_of
from reports.verify import Verified, verify, verify_folder

LATEST = "latest"


class PublishError(Exception):
    """A report could not be published; the message says why and what to do."""


@dataclass(frozen=True)
class Published:
    """A report on disk, verified. ``public_key`` is the file with which anybody can verify it again."""

    folder: Path
    decision: Verdict
    verified: Verified
    public_key: Path

    @property
    def verify_command(self) -> str:
        """What to type to verify it again."""
        key = "PUB" if self.public_key.parent == self.folder else self.public_key  # who altered one, altered both
        kind = self.verified.document.identity.kind
        return f"clinical-gate report verify {self.folder} --key {key}{'' if kind == 'gate' else f' --kind {kind}'}"

    @property
    def trust(self) -> str:
        """What has been verified, in one sentence."""
        return self.verified.sentence(pinned=True)


def begin(root: Path, run: PlannedRun, signing_key: str | None = None, *, registers: Path | None = None) -> TextIO:
    """Enter a run, signed, before its first check; without an end it is told as aborted from then on.

    Args:
        root: as for `publish`.
        signing_key: likewise.
        registers: folder of the keys' registers, outside the report folder; default is ``registers`` beside the key.

    Returns:
        A file to keep open while the run goes on: until then other runs do not take it for aborted.

    Raises:
        PublishError: its report could not be published either.
    """
    with _one_sentence(root):
        log = _log(root, signing_key, registers)
        with log.held() as books:
            books.start(run)
            return mark_running(log.registers, run.run_id)


def publish(
    root: Path,
    run_id: str,
    document: ReportDocument,
    signing_key: str | None = None,
    *,
    policy: Policy | None = None,
    evidence: Mapping[str, bytes] | None = None,
    registers: Path | None = None,
) -> Published:
    """Write ``root/run_id``, sign it, and verify what was written.

    The order is such that a crash leaves either no envelope, or one that is not in the history and does not verify.

    Args:
        root: ``build/gate``; the machine's key lives in ``build/keys`` unless ``signing_key`` is given.
        run_id: the run's id, that of the document's identity.
        document: what was found and decided.
        signing_key: what signs, as `reports.signers.opening.open_signer` takes it.
        policy: by which was judged; it becomes a signed part of the report.
        evidence: name -> content, redacted here when it is text; added to what is in ``evidence/`` already, which
            was redacted when it was captured.
        registers: as `begin` was told. A run that was not begun is entered now.

    Raises:
        PublishError: no room, no right, an unusable key or history, or the run has a report already.
    """
    if run_id != document.identity.run_id:
        msg = f"the document is about run {document.identity.run_id}, not {run_id}"
        raise PublishError(msg)
    document = document.model_copy(update={"signer": signer_kind(signing_key, root.parent / "keys")})
    with _one_sentence(root):
        log = _log(root, signing_key, registers)
        return _publish(log, root / run_id, _Parts(document, policy, evidence or {}), signing_key)


@contextlib.contextmanager
def _one_sentence(root: Path) -> Iterator[None]:
    try:
        yield
    except (SigningKeyError, manifest.EvidenceError) as problem:
        raise PublishError(str(problem)) from problem
    except VerificationError as problem:
        advice = " Restore it from a copy." if problem.refusal is Refusal.HISTORY_BROKEN else ""
        msg = f"no report is published: {problem}{advice}"
        raise PublishError(msg) from problem
    except UnreadableError as problem:
        msg = f"no report is published: {problem}"
        raise PublishError(msg) from problem
    except OSError as problem:
        msg = f"cannot write the report {problem.filename or root}: {problem.strerror}"
        raise PublishError(msg) from problem


def _log(root: Path, signing_key: str | None, registers: Path | None) -> RunLog:
    keys = root.parent / "keys"
    signer = open_signer(signing_key) if signing_key else machine_signer(keys)
    return RunLog(root, registers or registers_beside(signing_key, keys), signer)


@dataclass(frozen=True)
class _Parts:
    document: ReportDocument
    policy: Policy | None
    evidence: Mapping[str, bytes]


def _publish(log: RunLog, folder: Path, parts: _Parts, signing_key: str | None) -> Published:
    document = parts.document
    if (folder / ENVELOPE).exists():
        msg = f"{folder} holds a signed report already"
        raise PublishError(msg)
    files = _write_parts(folder, parts)
    write_atomically(folder / PUBLIC, public_pem(log.signer))
    public = folder / PUBLIC if signing_key else log.root.parent / "keys" / PUBLIC
    with log.held() as books:
        identity = document.identity
        if not books.started(identity.run_id):
            books.start(PlannedRun(identity.run_id, identity.kind, identity.name, identity.policy_digest))
        sequence, previous = books.number(document)
        earlier = books.earlier(document)
        statement = statement_of(document, files=files, sequence=sequence, previous=previous, earlier=earlier)
        envelope = sign(statement, log.signer)
        write_atomically(folder / ENVELOPE, envelope)
        try:
            verify_folder(folder, load_public(public))  # or what contradicts itself would be entered as a report
        except VerificationError:
            (folder / ENVELOPE).unlink()
            raise
        books.end(document, envelope, sequence)
        point_link(log.root / LATEST, folder.name)
        # Still under the lock: a report that another run publishes right after this one must not fail this one.
        verified = verify(folder, load_public(public), demand_history=True)
    return Published(folder=folder, decision=document.decision, verified=verified, public_key=public)


def _write_parts(folder: Path, whole: _Parts) -> dict[str, str]:
    document, store = whole.document, folder / manifest.FOLDER
    store.mkdir(parents=True, exist_ok=True)
    for name, content in whole.evidence.items():
        manifest.check_name(name)
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(store / name, _redacted(content))
    parts = {
        RESULTS: encode(document),
        JUNIT: junit(document),
        **({} if whole.policy is None else {POLICY: policy_text(whole.policy)}),
        manifest.SIGNED_AS: manifest.encode(manifest.survey(store)),
    }
    for name, content in parts.items():
        write_atomically(folder / name, content)
    return {name: sha256(content) for name, content in parts.items()}


def _redacted(content: bytes) -> bytes:
    try:
        return redact(content.decode()).encode()
    except UnicodeDecodeError:
        return content
