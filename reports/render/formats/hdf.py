"""MITRE's Heimdall Data Format (the JSON of ``inspec exec``), for Heimdall and SAF: a control per check.

https://saf.mitre.org/framework/planning/normalize. Heimdall calls a control Passed as soon as one result passed and
none failed, so an UNKNOWN carries no result that passed: it is Not Reviewed, or a Profile Error where the check itself
did not work. An impact of 0 is Not Applicable. What is waived was examined and stays Failed, with its waiver.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.model import Reason, Severity, Status
from reports.document import ReportDocument
from reports.records import CheckRecord
from reports.render.formats.json_text import json_text, zulu
from reports.verify import Verified

# What Heimdall takes for critical, high, medium and low.
_IMPACTS = {Severity.CRITICAL: 0.9, Severity.HIGH: 0.7, Severity.MEDIUM: 0.5, Severity.LOW: 0.3}
_BROKEN_CHECK = (Reason.CRASHED, Reason.NOT_PROVEN)
_NIST = "nist-800-53:"


def hdf(found: Verified) -> bytes:
    """The file's bytes; equal reports give equal bytes."""
    document, identity = found.document, found.document.identity
    profile = {
        "name": f"clinical-gate {identity.policy}",
        "title": f"{identity.kind} of {identity.name}",
        "summary": f"{document.decision.value}, score {document.score:.1f} of 100, run {identity.run_id}",
        "version": identity.harness_version,
        "sha256": identity.policy_digest,
        "status": "loaded",
        "supports": [],
        "attributes": [],
        "groups": [
            {
                "id": gate.gate.value,
                "title": gate.gate.value,
                "controls": [check.id for check in document.checks if check.gate is gate.gate],
            }
            for gate in document.gates
        ],
        "controls": [_control(check, document) for check in document.checks],
    }
    return json_text(
        {
            "platform": {"name": "clinical-gate", "release": identity.harness_version, "target_id": identity.name},
            "version": identity.harness_version,
            "statistics": {"duration": identity.seconds},
            "profiles": [profile],
            "passthrough": {"report_sha256": found.digest, "keyid": found.keyid, "run_id": identity.run_id},
        }
    )


def _control(check: CheckRecord, document: ReportDocument) -> dict[str, object]:
    exempt = check.status is Status.NOT_APPLICABLE
    remedies = dict.fromkeys(finding.remedy for finding in check.broken if finding.remedy)
    texts = {"check": check.proof, "fix": "\n".join(remedies), "rationale": check.explanation}
    control: dict[str, object] = {
        "id": check.id,
        "title": check.claim,
        "desc": check.explanation if exempt else check.claim,
        "descriptions": [{"label": label, "data": text} for label, text in texts.items() if text],
        "impact": 0.0 if exempt else _IMPACTS[check.severity],
        "refs": [{"ref": control.citation} for control in document.controls if control.id in check.controls],
        "source_location": {"ref": check.id},
        "tags": _tags(check, document),
        "code": "",
        "results": list(_results(check, zulu(document.identity.started))),
    }
    waiver = next((w for w in document.waivers if w.in_force and w.check == check.id), None)
    if waiver is not None and check.status is Status.WAIVED:
        control["waiver_data"] = {
            "justification": f"{waiver.owner}: {waiver.justification}",
            "expiration_date": str(waiver.expires),
            "run": True,
            "skipped_due_to_waiver": False,
            "message": waiver.message,
        }
    return control


def _tags(check: CheckRecord, document: ReportDocument) -> dict[str, object]:
    named = {*check.controls}
    for control in document.controls:
        if control.id in check.controls:
            named.update(control.crosswalk)
    nist = sorted(name.removeprefix(_NIST) for name in named if name.startswith(_NIST))
    return {
        "nist": nist,
        "hipaa": sorted(name.removeprefix("hipaa:") for name in named if name.startswith("hipaa:")),
        "controls": sorted(named),
        "gate": check.gate.value,
        "severity": check.severity.value,
        "status": check.status.value,
        "proven": check.proven,
    }


def _results(check: CheckRecord, started: str) -> Iterator[dict[str, object]]:
    base = {"start_time": started, "run_time": check.duration_s}
    if check.status in (Status.UNKNOWN, Status.NOT_APPLICABLE) or not check.findings:
        why = ": ".join(part for part in (check.reason.value if check.reason else "", check.explanation) if part)
        said = why or check.status.value
        if check.reason in _BROKEN_CHECK or check.status not in (Status.UNKNOWN, Status.NOT_APPLICABLE):
            yield {**base, "status": "error", "code_desc": check.claim, "message": said, "exception": said}
        else:
            yield {**base, "status": "skipped", "code_desc": check.claim, "skip_message": said}
        return
    for finding in check.findings:
        remedy = f"\nRemedy: {finding.remedy}" if finding.remedy and not finding.ok else ""
        yield {
            **base,
            "status": "passed" if finding.ok else "failed",
            "code_desc": finding.subject,
            "message": f"{finding.message}{remedy}",
        }
