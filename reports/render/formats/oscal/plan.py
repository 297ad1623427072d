"""OSCAL plan of action and milestones: an item for each check that is not green, with its remedies."""

from __future__ import annotations

from trestle.oscal.poam import PlanOfActionAndMilestones

from reports.render.formats.errors import FormatError
from reports.render.formats.json_text import json_text
from reports.render.formats.oscal.parts import NAMESPACE, NOT_GREEN, Parts, prop, why
from reports.verify import Verified


def plan_of_action(found: Verified) -> bytes:
    """The document's bytes; equal reports give equal bytes.

    Raises:
        FormatError: every check is green, and a plan must have an item.
    """
    parts = Parts(found)
    open_checks = [check for check in found.document.checks if check.status in NOT_GREEN]
    if not open_checks:
        msg = f"there is nothing to plan: every check of run {found.document.identity.run_id} that applies is green"
        raise FormatError(msg)
    made = PlanOfActionAndMilestones.model_validate(
        {
            "uuid": parts.identifier("plan-of-action"),
            "metadata": parts.metadata("Plan of action and milestones"),
            "system-id": {"identifier-type": NAMESPACE, "id": found.document.identity.digest},
            "local-definitions": {"components": [parts.target()]},
            "observations": [seen for check in open_checks for seen in parts.observations(check)],
            "risks": [parts.risk(check) for check in open_checks],
            "poam-items": [
                {
                    "uuid": parts.identifier("item", check.id),
                    "title": check.claim,
                    "description": why(check),
                    "props": [prop("check", check.id), prop("status", check.status.value)],
                    "related-risks": [{"risk-uuid": parts.identifier("risk", check.id)}],
                    **parts.related([check]),
                }
                for check in open_checks
            ],
            "back-matter": parts.back_matter(),
        }
    )
    return json_text({"plan-of-action-and-milestones": made.model_dump(mode="json", by_alias=True, exclude_none=True)})
