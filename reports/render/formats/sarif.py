"""SARIF 2.1.0, for code scanning: a rule per check, a result per broken finding.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html

A FAIL is a result of kind ``fail``. An UNKNOWN is one of kind ``open`` (section 3.27.9: too little is known) and an
error or warning of the invocation, because readers of levels skip what is open. A waiver is a suppression.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from checks.model import Severity, Status
from reports.document import RESULTS, ReportDocument, encode
from reports.records import CheckRecord, DecisionGround, FindingRecord
from reports.render.formats.json_text import json_text, zulu
from reports.verify import Verified

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/clinical-gate/clinical-gate"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
# What GitHub sorts alerts by: over 9.0 critical, over 7.0 high, over 4.0 medium.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
_OPEN = (Status.FAIL, Status.UNKNOWN, Status.WAIVED)


def sarif(found: Verified) -> bytes:
    """The log's bytes; equal reports give equal bytes."""
    document, identity = found.document, found.document.identity
    run = {
        "tool": {
            "driver": {
                "name": "clinical-gate",
                "version": identity.harness_version,
                "informationUri": _HOME,
                "rules": [_rule(check) for check in document.checks],
            }
        },
        "automationDetails": {"id": f"clinical-gate/{identity.kind}/{identity.name}/{identity.run_id}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "startTimeUtc": zulu(identity.started),
                "endTimeUtc": zulu(identity.ended),
                "toolExecutionNotifications": [*_unknowns(document), *_grounds(document)],
            }
        ],
        "results": list(_results(document)),
        "properties": {
            "decision": document.decision.value,
            "score": document.score,
            "target": identity.name,
            "targetSha256": identity.digest,
            "policy": identity.policy,
            "policySha256": identity.policy_digest,
            "reportSha256": found.digest,
        },
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(check: CheckRecord) -> dict[str, object]:
    remedies = list(dict.fromkeys(finding.remedy for finding in check.broken if finding.remedy))
    help_text = "\n".join([check.claim, *(f"Remedy: {remedy}" for remedy in remedies), f"Self-proof: {check.proof}"])
    return {
        "id": check.id,
        "shortDescription": {"text": check.claim},
        "help": {"text": _no_link(help_text)},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": sorted({"security", check.gate.value, *check.controls}),
            "security-severity": _SCORES[check.severity],
            "severity": check.severity.value,
            "proven": check.proven,
        },
    }


def _results(document: ReportDocument) -> Iterator[dict[str, object]]:
    lines = _lines(document)
    waivers = {waiver.check: waiver for waiver in document.waivers if waiver.in_force}
    for index, check in enumerate(document.checks):
        if check.status not in _OPEN:
            continue
        seen = Counter[str]()
        for finding in check.broken or (_whole(check),):
            seen[finding.subject] += 1
            fingerprint = _fingerprint(check.id, finding.subject, seen[finding.subject])
            waiver = waivers.get(check.id) if check.status is Status.WAIVED else None
            suppression = {
                "kind": "external",
                "status": "accepted",
                "justification": check.explanation,
                "properties": {"owner": waiver.owner, "expires": str(waiver.expires)} if waiver else {},
            }
            unknown = check.status is Status.UNKNOWN
            yield {
                "ruleId": check.id,
                "ruleIndex": index,
                "kind": "open" if unknown else "fail",
                "level": "none" if unknown else _LEVELS[check.severity],
                "message": {"text": _sentence(finding)},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": RESULTS},
                            "region": {"startLine": lines[check.id]},
                        },
                        "logicalLocations": [{"fullyQualifiedName": finding.subject, "kind": "resource"}],
                    }
                ],
                "partialFingerprints": {"clinicalGate/v1": fingerprint, "primaryLocationLineHash": fingerprint},
                # Section 3.27.23: where one result of a run has suppressions, all have.
                "suppressions": [suppression] if check.status is Status.WAIVED else [],
                "properties": {
                    "status": check.status.value,
                    "reason": check.reason.value if check.reason else "",
                    "remedy": finding.remedy,
                    "evidence": finding.evidence,
                },
            }


def _whole(check: CheckRecord) -> FindingRecord:
    """What stands for a check that left no broken finding."""
    return FindingRecord(subject=check.target or check.id, ok=False, message=_why(check))


def _why(check: CheckRecord) -> str:
    said = ": ".join(part for part in (check.reason.value if check.reason else "", check.explanation) if part)
    return said or check.status.value


def _sentence(finding: FindingRecord) -> str:
    remedy = f" Remedy: {finding.remedy}" if finding.remedy else ""
    return _no_link(f"{finding.subject}: {finding.message}{remedy}")


def _no_link(text: str) -> str:
    """Plain text, too, may hold links: ``[text](target)`` (section 3.11.6)."""
    return text.replace("[", "\\[").replace("]", "\\]") if "](" in text else text


def _fingerprint(check: str, subject: str, number: int) -> str:
    """The same in every run for the same check of the same subject, whatever was measured."""
    digest = hashlib.sha256(f"{check}\n{subject}".encode()).hexdigest()
    return f"{digest[:16]}:{number}"


def _lines(document: ReportDocument) -> dict[str, int]:
    """Id of each check -> its line in results.json, from 1."""
    wanted = {json_text(check.id).decode().strip(): check.id for check in document.checks}
    found: dict[str, int] = {}
    for number, line in enumerate(encode(document).decode().split("\n"), 1):
        name, _, value = line.partition(": ")
        identity = wanted.get(value.removesuffix(","))
        if name == '   "id"' and identity is not None:
            found.setdefault(identity, number)
    return found


def _unknowns(document: ReportDocument) -> Iterator[dict[str, object]]:
    for index, check in enumerate(document.checks):
        if check.status is Status.UNKNOWN:
            yield {
                "level": "error" if check.severity is Severity.CRITICAL else "warning",
                "message": {"text": _no_link(f"{check.id} is UNKNOWN: {_why(check)}")},
                "associatedRule": {"id": check.id, "index": index},
                "timeUtc": zulu(document.identity.ended),
            }


def _grounds(document: ReportDocument) -> Iterator[dict[str, object]]:
    """What rejects and is about no check: a control that nothing covers, the clock, the score."""
    checks = {check.id for check in document.checks}
    for ground in document.rejections:
        if ground.subject not in checks:
            yield {"level": "error", "message": {"text": _ground(ground)}, "timeUtc": zulu(document.identity.ended)}


def _ground(ground: DecisionGround) -> str:
    return _no_link(f"{ground.subject}: {ground.cause.value}. {ground.message}")
