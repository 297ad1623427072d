"""results.json: everything that a run found, in one deterministic file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from checks.model import plain
from checks.policy import Policy
from reports.drill_figures import DrillRecord
from reports.figures import LoadRecord, PrivacyRecord, SentRecord
from reports.files import read_plain
from reports.harness import HarnessRecord, JudgedBy
from reports.records import (
    CheckRecord,
    ControlRecord,
    Decision,
    DecisionGround,
    GateRecord,
    Identity,
    OwnFile,
    Record,
    SelfProof,
    SignerKind,
    Verdict,
    WaiverRecord,
)

RESULTS = "results.json"
FORMAT: Literal["clinical-gate/results/v1"] = "clinical-gate/results/v1"

_NOBODY = JudgedBy()


class DocumentError(Exception):
    """A results file is missing or unreadable; the message says which and why."""


class ReportDocument(Record):
    """What results.json holds. ``score`` and ``floor`` are 0..100; ``own_files`` judged beside clinical-gate itself,
    which is ``harness``. ``signer`` says what the report is signed with, as far as its publisher told.
    """

    format: Literal["clinical-gate/results/v1"] = FORMAT
    identity: Identity
    decision: Verdict
    score: float
    floor: float
    rejections: tuple[DecisionGround, ...]
    conditions: tuple[DecisionGround, ...]
    gates: tuple[GateRecord, ...]
    checks: tuple[CheckRecord, ...]
    controls: tuple[ControlRecord, ...]
    waivers: tuple[WaiverRecord, ...]
    drills: tuple[DrillRecord, ...]
    load: tuple[LoadRecord, ...]
    privacy: tuple[PrivacyRecord, ...]
    selfproof: tuple[SelfProof, ...]
    sent: tuple[SentRecord, ...] = ()
    own_files: tuple[OwnFile, ...] = ()
    harness: HarnessRecord | None = None
    signer: SignerKind | None = None

    @property
    def proven(self) -> int:
        """How many checks were proven able to fail in this run."""
        return sum(check.proven for check in self.checks)


def compose(
    identity: Identity,
    decision: Decision,
    *,
    proofs: Iterable[SelfProof],
    drills: Iterable[DrillRecord] = (),
    load: Iterable[LoadRecord] = (),
    privacy: Iterable[PrivacyRecord] = (),
    sent: Iterable[SentRecord] = (),
    judged_by: JudgedBy = _NOBODY,
) -> ReportDocument:
    """Put a document together, everything in an order of its own, so that equal runs give equal files."""
    return ReportDocument(
        identity=identity,
        decision=decision.verdict,
        score=decision.score,
        floor=decision.floor,
        rejections=decision.rejections,
        conditions=decision.conditions,
        gates=decision.gates,
        checks=decision.checks,
        controls=decision.controls,
        waivers=decision.waivers,
        drills=tuple(sorted(drills, key=lambda d: d.scenario)),
        load=tuple(sorted(load, key=lambda item: item.profile)),
        privacy=tuple(sorted(privacy, key=lambda p: (p.source, p.mechanism))),
        selfproof=tuple(sorted((p.redacted() for p in proofs), key=lambda p: (p.check, p.violation, p.at))),
        sent=tuple(sorted(sent, key=lambda s: (s.target, s.unit, s.effect))),
        own_files=tuple(sorted(judged_by.own_files, key=lambda f: (f.part, f.path))),
        harness=judged_by.harness,
    )


def canonical(value: object) -> bytes:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def target_digest(name: str, facts: Mapping[str, str]) -> str:
    """SHA-256 of a target's canonical identity.

    Args:
        name: the target's name.
        facts: what makes it this target and stays the same between runs: its parts and their versions, not a run's
            addresses or ids. A newer report replaces an older one of the same digest.
    """
    return hashlib.sha256(canonical({"name": plain(name), "facts": dict(facts)})).hexdigest()


def policy_digest(policy: Policy) -> str:
    """SHA-256 of a policy's canonical JSON, defaults included."""
    return hashlib.sha256(policy_text(policy)).hexdigest()


def policy_text(policy: Policy) -> bytes:
    """A policy's canonical JSON, defaults included: what policy.json holds."""
    return canonical(policy.model_dump(mode="json"))


def encode(document: ReportDocument) -> bytes:
    """The exact bytes of results.json: sorted keys, indented by one, a newline at the end."""
    text = json.dumps(document.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def decode(content: bytes, source: str = RESULTS) -> ReportDocument:
    """Read the bytes of a results file.

    Raises:
        DocumentError: not JSON, another format, or a field that does not fit.
    """
    try:
        return ReportDocument.model_validate_json(content)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"{source} is no report of this version: {where}: {first['msg']}"
        raise DocumentError(msg) from problem


def read(path: Path) -> ReportDocument:
    """Read a results file without verifying it; `verify.verify` is what to trust.

    Raises:
        DocumentError: missing or unreadable.
    """
    try:
        content = read_plain(path)
    except OSError as problem:
        msg = f"cannot read {path}: {problem.strerror}"
        raise DocumentError(msg) from problem
    return decode(content, str(path))
