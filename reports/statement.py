"""What is signed: an in-toto Statement v1 whose predicate names the decision and the digest of every part.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

from typing import Literal

from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement as ProtocolStatement
from pydantic import AwareDatetime, ConfigDict, Field, FiniteFloat

from checks.model import Status
from reports.document import ReportDocument, canonical
from reports.records import Digest, EarlierRun, OwnFile, Record, RunKind, Verdict

STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Literal["urn:clinical-gate:report:v1"] = "urn:clinical-gate:report:v1"


class ProofOutcome(Record):
    """One violation that a check was shown: what it said of it and of the clean twin, when (UTC), on what."""

    violation: str
    outcome: Status
    clean: Status
    at: AwareDatetime
    on: str


class CheckOutcome(Record):
    """One check of the catalogue: how it stands, and whether it was proven able to fail in this run."""

    id: str
    status: Status
    proven: bool
    proofs: tuple[ProofOutcome, ...]


class PolicyReference(Record):
    """Something with a name and a SHA-256 digest."""

    name: str
    digest: Digest


class Predicate(Record):
    """What is claimed of the subject.

    Args:
        kind: of the run; what a drill approves is no gate.
        system_id: of the system, whatever the subject is called.
        sequence: 1 for the first report of a key on this subject, by this policy and of this kind, then one more each,
            in whatever folder they are published.
        previous: SHA-256 of the envelope of the report before, empty for the first.
        earlier: runs on the same subject that were aborted, or published in other folders.
        files: path inside the report's folder -> SHA-256.
        own_files: the user's own checks and adapter, by which was judged, too.
    """

    kind: RunKind
    system_id: str = ""
    decision: Verdict
    score: FiniteFloat
    sequence: int = Field(ge=1)
    previous: Digest | Literal[""]
    run_id: str
    started: AwareDatetime
    ended: AwareDatetime
    policy: PolicyReference
    harness_version: str
    git_commit: str
    files: dict[str, Digest]
    checks: tuple[CheckOutcome, ...]
    own_files: tuple[OwnFile, ...] = ()
    earlier: tuple[EarlierRun, ...] = ()


class DigestSet(Record):
    """Of a subject."""

    sha256: Digest


class Subject(Record):
    """What was gated."""

    name: str
    digest: DigestSet


class Statement(Record):
    """The payload of the envelope."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject]
    predicate_type: Literal["urn:clinical-gate:report:v1"] = Field(default=PREDICATE_TYPE, alias="predicateType")
    predicate: Predicate

    @property
    def subject_digest(self) -> str:
        """SHA-256 of what was gated."""
        return self.subject[0].digest.sha256

    def encode(self) -> bytes:
        """The exact bytes to sign: canonical JSON, valid by the protocol's own definition.

        Raises:
            ValueError: in-toto's definition of a statement refuses it.
        """
        return statement_bytes(self)


def statement_bytes(statement: Record) -> bytes:
    """Canonical JSON of a statement, valid by the protocol's own definition.

    Raises:
        ValueError: in-toto's definition of a statement refuses it.
    """
    value = statement.model_dump(mode="json", by_alias=True)
    ProtocolStatement.copy_from_pb(json_format.ParseDict(value, ProtocolStatement([], "", {}).pb)).validate()
    return canonical(value)


def outcomes(document: ReportDocument) -> tuple[CheckOutcome, ...]:
    """Every check of a document with its self-proof, in the document's order."""
    return tuple(
        CheckOutcome(
            id=check.id,
            status=check.status,
            proven=check.proven,
            proofs=tuple(
                ProofOutcome(violation=p.violation, outcome=p.status, clean=p.clean_status, at=p.at, on=p.on)
                for p in document.selfproof
                if p.check == check.id
            ),
        )
        for check in document.checks
    )


def statement_of(
    document: ReportDocument,
    *,
    files: dict[str, str],
    sequence: int,
    previous: str,
    earlier: tuple[EarlierRun, ...] = (),
) -> Statement:
    """The statement about a document and the files beside it.

    Args:
        document: what results.json holds.
        files: path inside the folder -> SHA-256, results.json among them.
        sequence: of this report among those on the same subject, from 1.
        previous: SHA-256 of the envelope before, empty for the first.
        earlier: what `run_log.HeldLog.earlier` says.
    """
    identity = document.identity
    return Statement(
        subject=(Subject(name=identity.name, digest=DigestSet(sha256=identity.digest)),),
        predicate=Predicate(
            kind=identity.kind,
            system_id=identity.system_id,
            decision=document.decision,
            score=document.score,
            sequence=sequence,
            previous=previous,
            run_id=identity.run_id,
            started=identity.started,
            ended=identity.ended,
            policy=PolicyReference(name=identity.policy, digest=identity.policy_digest),
            harness_version=identity.harness_version,
            git_commit=identity.git_commit,
            files=files,
            checks=outcomes(document),
            own_files=document.own_files,
            earlier=earlier,
        ),
    )
