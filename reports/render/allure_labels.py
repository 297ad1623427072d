"""How Allure names things: statuses, severities, and the labels by which it groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from allure_commons.model2 import Status as AllureStatus

from checks.model import Gate, Severity, Status

# Allure has its own names for severities.
SEVERITIES: Final = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "normal",
    Severity.LOW: "minor",
}
# A waived check failed; that somebody answers for it is said beside. Only PASS is green.
STATUSES: Final = {
    Status.PASS: AllureStatus.PASSED,
    Status.FAIL: AllureStatus.FAILED,
    Status.WAIVED: AllureStatus.FAILED,
    Status.UNKNOWN: AllureStatus.BROKEN,
    Status.NOT_APPLICABLE: AllureStatus.SKIPPED,
}
VERDICT: Final = "verdict"
ABORTED: Final = "ABORTED"


def check_labels(
    check_id: str,
    gate: Gate,
    severity: Severity,
    status: Status,
    controls: Sequence[str],
    titles: Mapping[str, str] | None = None,
) -> list[tuple[str, str]]:
    """Name and value of each label of a check: its gate is the epic, its controls are the features, it is the story.

    Args:
        titles: of controls, by their id; a feature without one is the id alone.
    """
    known = titles or {}
    return [
        ("severity", SEVERITIES[severity]),
        ("epic", gate.value),
        *(("feature", f"{control} {known.get(control, '')}".rstrip()) for control in controls),
        ("story", check_id),
        ("suite", gate.value),
        ("subSuite", check_id.partition("/")[0]),
        ("gate", gate.value),
        (VERDICT, status.value),
        *(("control", control) for control in controls),
        *(("tag", control) for control in controls),
    ]
