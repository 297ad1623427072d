"""What assessment results and a plan of action share. Pure: identifiers follow from the report's digest."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.model import Status
from reports.document import RESULTS, ReportDocument
from reports.records import CheckRecord, FindingRecord
from reports.render.formats.json_text import zulu
from reports.sign import ENVELOPE
from reports.verify import Verified

OSCAL_VERSION = "1.2.1"
NAMESPACE = "https://github.com/clinical-gate/clinical-gate/ns/oscal"
NOT_GREEN = (Status.FAIL, Status.UNKNOWN, Status.WAIVED)
_REPORTS = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)

Json = dict[str, object]


@dataclass(frozen=True)
class Parts:
    """The parts of one report, by `trestle.oscal`'s names."""

    found: Verified

    @property
    def document(self) -> ReportDocument:
        """What was found and decided."""
        return self.found.document

    def identifier(self, *path: object) -> str:
        """The UUID of a part of this report; the same each time."""
        return str(uuid.uuid5(_REPORTS, "\n".join([self.found.digest, *map(str, path)])))

    def metadata(self, title: str) -> Json:
        """Of a document about this report; it is as old as the run."""
        identity = self.document.identity
        return {
            "title": f"{title} of {line(identity.name)}",
            "last-modified": zulu(identity.ended),
            "version": identity.run_id,
            "oscal-version": OSCAL_VERSION,
            "props": [
                prop("decision", self.document.decision.value),
                prop("score", f"{self.document.score:.1f}"),
                prop("target-sha256", identity.digest),
                prop("clinical-gate-version", identity.harness_version),
            ],
        }

    def target(self) -> Json:
        """What was gated, as a component."""
        identity = self.document.identity
        return {
            "uuid": self.identifier("target"),
            "type": "system",
            "title": line(identity.name),
            "description": f"What was gated; its identity has the SHA-256 {identity.digest}.",
            "status": {"state": "operational"},
        }

    def back_matter(self) -> Json:
        """What it was judged by, and the signed report."""
        identity = self.document.identity
        return {
            "resources": [
                {
                    "uuid": self.identifier("plan"),
                    "title": f"Policy {line(identity.policy)}",
                    "description": f"Every check of clinical-gate, judged by the policy {line(identity.policy)}.",
                    "props": [prop("policy-sha256", identity.policy_digest)],
                },
                {
                    "uuid": self.identifier("report"),
                    "title": "The signed report",
                    "description": f"An in-toto Statement in a DSSE envelope, signed with the key {self.found.keyid}.",
                    "rlinks": [
                        {"href": ENVELOPE, "hashes": [{"algorithm": "SHA-256", "value": self.found.digest}]},
                        {
                            "href": RESULTS,
                            "hashes": [
                                {"algorithm": "SHA-256", "value": self.found.statement.predicate.files[RESULTS]}
                            ],
                        },
                    ],
                },
            ]
        }

    def observations(self, check: CheckRecord) -> Iterator[Json]:
        """One per finding, and one per violation that the check was shown in this run to prove that it can fail."""
        for number, finding in enumerate(check.findings or (_of(check),)):
            evidence = {"relevant-evidence": [{"description": finding.evidence}]} if finding.evidence else {}
            yield {
                "uuid": self.identifier("finding", check.id, number),
                "title": check.id,
                "description": f"{finding.subject}: {finding.message}",
                "methods": ["TEST"],
                "types": ["finding"],
                "subjects": [
                    {
                        "subject-uuid": self.identifier("target"),
                        "type": "component",
                        "title": line(finding.subject),
                    }
                ],
                "collected": zulu(self.document.identity.ended),
                "props": [
                    prop("check", check.id),
                    prop("status", check.status.value),
                    prop("gate", check.gate.value),
                    prop("severity", check.severity.value),
                    prop("ok", str(finding.ok).lower()),
                    *([prop("reason", check.reason.value)] if check.reason else []),
                ],
                **evidence,
            }
        for number, proof in enumerate(p for p in self.document.selfproof if p.check == check.id):
            yield {
                "uuid": self.identifier("self-proof", check.id, number),
                "title": f"Self-proof of {check.id}",
                "description": f"Shown the violation {proof.violation} on {proof.on}, it answered {proof.status.value}"
                f", and {proof.clean_status.value} to the clean twin.",
                "methods": ["TEST"],
                "types": ["self-proof"],
                "collected": zulu(proof.at),
                "props": [prop("check", check.id), prop("proven", str(proof.proven).lower())],
                "remarks": proof.reason or proof.clean_reason or "It gave no reason.",
            }

    def related(self, checks: Sequence[CheckRecord]) -> Json:
        """The observations of some checks, as references; nothing where there are none."""
        references = [{"observation-uuid": seen["uuid"]} for check in checks for seen in self.observations(check)]
        return {"related-observations": references} if references else {}

    def risk(self, check: CheckRecord) -> Json:
        """What a check that is not green leaves open; a waiver in force approves it until its last day."""
        waiver = next((w for w in self.document.waivers if w.in_force and w.check == check.id), None)
        waived = check.status is Status.WAIVED and waiver is not None and waiver.expires is not None
        deadline = {"deadline": f"{waiver.expires}T23:59:59Z"} if waived and waiver is not None else {}
        remedies = list(dict.fromkeys(finding.remedy for finding in check.broken if finding.remedy))
        responses = [
            {
                "uuid": self.identifier("remedy", check.id, number),
                "lifecycle": "recommendation",
                "title": f"Remedy of {check.id}",
                "description": remedy,
            }
            for number, remedy in enumerate(remedies)
        ]
        return {
            "uuid": self.identifier("risk", check.id),
            "title": f"{check.id} is {check.status.value}",
            "description": check.claim,
            "statement": why(check),
            "status": "deviation-approved" if waived else "open",
            "props": [prop("severity", check.severity.value), prop("gate", check.gate.value)],
            **deadline,
            **({"remediations": responses} if responses else {}),
            **self.related([check]),
        }


def prop(name: str, value: str) -> Json:
    """A property of clinical-gate's own."""
    return {"name": name, "ns": NAMESPACE, "value": line(value)}


def line(text: str) -> str:
    """A text in one line, without blanks around it: what OSCAL calls a string."""
    return " ".join(text.split()) or "-"


def token(identity: str) -> str:
    """An id of a control as OSCAL can hold it: ``hipaa:164.312(e)(1)`` is ``hipaa-164.312-e-1``."""
    return re.sub(r"[^\w.-]+", "-", identity).strip("-")


def why(check: CheckRecord) -> str:
    """Why a check is not green, in one sentence."""
    broken = "; ".join(f"{finding.subject}: {finding.message}" for finding in check.broken)
    reason = check.reason.value if check.reason else ""
    return ". ".join(part for part in (reason, check.explanation, broken) if part) or check.status.value


def _of(check: CheckRecord) -> FindingRecord:
    return FindingRecord(subject=check.target or check.id, ok=False, message=why(check))
