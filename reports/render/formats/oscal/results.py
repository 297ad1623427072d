"""OSCAL assessment results: a finding per control, on what was seen and on the proof that a fault would be seen."""

from __future__ import annotations

from collections.abc import Iterator

from trestle.oscal.assessment_results import AssessmentResults

from checks.model import Status
from reports.records import ControlRecord, utc
from reports.render.formats.json_text import json_text, zulu
from reports.render.formats.oscal.parts import NOT_GREEN, Json, Parts, line, prop, token
from reports.verify import Verified

_REASONS = {Status.PASS: "pass", Status.FAIL: "fail"}


def assessment_results(found: Verified) -> bytes:
    """The document's bytes; equal reports give equal bytes."""
    parts = Parts(found)
    document, identity = found.document, found.document.identity
    grounds = [f"{ground.subject}: {ground.cause.value}. {ground.message}" for ground in document.rejections]
    result: Json = {
        "uuid": parts.identifier("result"),
        "title": f"{identity.kind} {identity.run_id}: {document.decision.value}",
        "description": f"Score {document.score:.1f} of 100 on {utc(identity.ended)}, {document.proven} of "
        f"{len(document.checks)} checks proven able to fail in the run.",
        "start": zulu(identity.started),
        "end": zulu(identity.ended),
        "local-definitions": {"components": [parts.target()]},
        "reviewed-controls": {"control-selections": [_selection(document.controls)]},
        "observations": [seen for check in document.checks for seen in parts.observations(check)],
        "remarks": "\n\n".join(grounds) or "Nothing rejects it.",
    }
    risks = [parts.risk(check) for check in document.checks if check.status in NOT_GREEN]
    findings = list(_findings(parts))
    result |= {"risks": risks} if risks else {}
    result |= {"findings": findings} if findings else {}
    made = AssessmentResults.model_validate(
        {
            "uuid": parts.identifier("assessment-results"),
            "metadata": parts.metadata("Assessment results"),
            "import-ap": {"href": f"#{parts.identifier('plan')}"},
            "results": [result],
            "back-matter": parts.back_matter(),
        }
    )
    return json_text({"assessment-results": made.model_dump(mode="json", by_alias=True, exclude_none=True)})


def _selection(controls: tuple[ControlRecord, ...]) -> Json:
    examined = [{"control-id": token(control.id)} for control in controls]
    return {"include-controls": examined} if examined else {"include-all": {}}


def _findings(parts: Parts) -> Iterator[Json]:
    checks = {check.id: check for check in parts.document.checks}
    for control in parts.document.controls:
        own = [checks[name] for name in control.checks if name in checks]
        green = control.covered and control.status is Status.PASS
        risks = [{"risk-uuid": parts.identifier("risk", c.id)} for c in own if c.status in NOT_GREEN]
        yield {
            "uuid": parts.identifier("control", control.id),
            "title": f"{line(control.citation)}: {control.status.value}",
            "description": control.title,
            "target": {
                "type": "objective-id",
                "target-id": token(control.id),
                "status": {
                    "state": "satisfied" if green else "not-satisfied",
                    "reason": _REASONS.get(control.status, "other"),
                    "remarks": "Covered." if control.covered else "No check could examine it.",
                },
            },
            "props": [
                prop("control", control.id),
                prop("required", str(control.required).lower()),
                *(prop("crosswalk", other) for other in control.crosswalk),
            ],
            **parts.related(own),
            **({"related-risks": risks} if risks else {}),
        }
