"""What one role of the board signs: an in-toto Statement about exactly one report's envelope.

It lies in the report's folder, in ``approvals/``, in the same form as the report: a DSSE envelope with one signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError
from securesystemslib.signer import Signer, SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.envelope import exact, keyid_of, opened, seal
from reports.files import read_plain, sha256, write_atomically
from reports.records import Digest, Record, RunKind
from reports.refusals import Refusal, VerificationError
from reports.statement import STATEMENT_TYPE, DigestSet, Subject, statement_bytes
from reports.verify import Verified

FOLDER = "approvals"
_SUFFIX = ".dsse.json"
_LARGEST = 2**20
_TYPE: Literal["urn:clinical-gate:approval:v1"] = "urn:clinical-gate:approval:v1"


class ApprovalClaim(Record):
    """What a role says of a report.

    Args:
        approves: False is a rejection, which outweighs every approval.
        accepts: subjects of the report's conditions that the role answers for.
        seen: SHA-256 of every approval and rejection that lay there when this one was signed.
    """

    role: str
    approves: bool
    comment: str
    accepts: tuple[str, ...]
    at: AwareDatetime
    run_id: str
    kind: RunKind
    target: str
    seen: tuple[Digest, ...]


class ApprovalStatement(Record):
    """The payload of an approval's envelope; its subject is the envelope of the report."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject]
    predicate_type: Literal["urn:clinical-gate:approval:v1"] = Field(default=_TYPE, alias="predicateType")
    predicate: ApprovalClaim


@dataclass(frozen=True)
class Approval:
    """One that was read: its file's name and SHA-256, whose key signed it, and of which report (SHA-256)."""

    name: str
    digest: str
    keyid: str
    report: str
    claim: ApprovalClaim


def read_approvals(folder: Path, keys: dict[str, SSlibKey]) -> tuple[Approval, ...]:
    """Everything in a report's ``approvals/``, by name; nothing where there is no such folder.

    Args:
        folder: of the report.
        keys: id -> key of every role of the board.

    Raises:
        VerificationError: NOT_CANONICAL, BAD_SIGNATURE or NO_APPROVAL: something there is not what a role signed.
    """
    store = folder / FOLDER
    if not store.is_dir() or store.is_symlink():
        return ()
    return tuple(_read(path, keys) for path in sorted(store.iterdir()) if not path.name.startswith("."))


def _read(path: Path, keys: dict[str, SSlibKey]) -> Approval:
    name = f"{FOLDER}/{path.name}"
    try:
        content = read_plain(path, _LARGEST)
    except OSError as problem:
        raise VerificationError(Refusal.NO_APPROVAL, f"{name} cannot be read: {problem.strerror}.") from problem
    envelope = exact(content, name)
    keyid = keyid_of(envelope)
    if keyid not in keys:
        msg = f"{name} is signed with key {keyid[:16]}..., which the board gives to no role."
        raise VerificationError(Refusal.NO_APPROVAL, msg)
    try:
        statement = ApprovalStatement.model_validate_json(opened(envelope, keys[keyid], name))
    except ValidationError as problem:
        msg = f"{name} is signed, but its content is no approval of this version."
        raise VerificationError(Refusal.NO_APPROVAL, msg) from problem
    return Approval(name, sha256(content), keyid, statement.subject[0].digest.sha256, statement.predicate)


def write_approval(folder: Path, found: Verified, claim: ApprovalClaim, signer: Signer) -> Path:
    """Sign a claim about a report that was verified, and put it beside it.

    Returns:
        Its path.

    Raises:
        OSError: the folder cannot be written.
    """
    subject = Subject(name=f"report of run {claim.run_id}", digest=DigestSet(sha256=found.digest))
    content = seal(statement_bytes(ApprovalStatement(subject=(subject,), predicate=claim)), signer)
    store = folder / FOLDER
    store.mkdir(exist_ok=True)
    path = store / f"{len(claim.seen) + 1}-{claim.role}{_SUFFIX}"
    write_atomically(path, content)
    return path
