"""Whether a report follows from itself: the decision from the checks, the counts, and the same in JUnit's words.

A signature says who wrote a report. It does not say that what was written is what the checks came to.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import datetime, timedelta

from checks.model import Status, plain
from reports.document import ReportDocument
from reports.figures import LoadRecord
from reports.files import sha256
from reports.records import DecisionGround
from reports.verdict import LOOKED, Floor, grounds_of

_CLOCKS_DIFFER = timedelta(minutes=5)
_WORDS = {Status.FAIL: "failure", Status.UNKNOWN: "error", Status.NOT_APPLICABLE: "skipped", Status.WAIVED: "skipped"}


def contradiction(document: ReportDocument, junit: bytes, *, now: datetime) -> str:
    """What contradicts itself, in one sentence; empty where nothing does.

    Args:
        junit: the JUnit file that lies beside it.
        now: UTC; a run that has yet to end is none.
    """
    identity = document.identity
    if not identity.started <= identity.ended <= now + _CLOCKS_DIFFER:
        return "The run ended before it began, or has yet to end."
    unproven = [check.id for check in document.checks if check.status is Status.PASS and not check.proven]
    if unproven:
        return f"{unproven[0]} passes, and nothing proved in the run that it can fail."
    if not (_counted_right(document) and _covered_right(document)):
        return "What gates and controls say is not what the checks say."
    if not _decided_right(document):
        return f"That it is {document.decision.value} does not follow from the checks."
    if _cases(junit) != {check.id: _WORDS.get(check.status, "") for check in document.checks}:
        return "JUnit's cases are not the checks of the report."
    others = (f"The load {load.profile} is not what its schedule says." for load in document.load if not _as_said(load))
    return next(others, "")


def _counted_right(document: ReportDocument) -> bool:
    gates = {gate.gate: gate for gate in document.gates}
    return {check.gate for check in document.checks} <= set(gates) and all(
        gate.counts == {s: sum((c.gate, c.status) == (gate.gate, s) for c in document.checks) for s in Status}
        for gate in gates.values()
    )


def _covered_right(document: ReportDocument) -> bool:
    controls = {control.id: control for control in document.controls}
    return {identity for check in document.checks for identity in check.controls} <= set(controls) and all(
        control.covered == any(control.id in c.controls and c.status in LOOKED for c in document.checks)
        for control in controls.values()
    )


def _decided_right(document: ReportDocument) -> bool:
    identity = document.identity
    applicable = any(check.status is not Status.NOT_APPLICABLE for check in document.checks)
    grounds = grounds_of(
        document.checks,
        document.controls,
        document.gates,
        floor=Floor(identity.policy, document.floor, document.score if applicable else None),
        clock_skew_ms=identity.clock_skew_ms,
        harness=document.harness.objections if document.harness else (),
    )
    return (
        grounds.verdict is document.decision
        and _of(grounds.rejections) == _of(document.rejections)
        and _of(grounds.conditions) == _of(document.conditions)
    )


def _as_said(load: LoadRecord) -> bool:
    if not (load.schedule or load.schedule_digest):
        return True  # of before it was kept
    try:
        said = json.loads(load.schedule)
        same = (plain(said["name"]), said["users"], said["seconds"]) == (load.profile, load.users, load.seconds)
    except (ValueError, KeyError, TypeError):
        return False
    return same and sha256(load.schedule.encode()) == load.schedule_digest


def _of(grounds: Iterable[DecisionGround]) -> list[tuple[str, str]]:
    return [(ground.cause, ground.subject) for ground in grounds]


def _cases(junit: bytes) -> dict[str, str]:
    """Id of each case -> what JUnit calls its outcome; empty where it passed, and nothing of what is no XML."""
    try:
        root = ET.fromstring(junit)  # noqa: S314  signed bytes, and expat bounds what entities grow to
    except ET.ParseError:
        return {}
    found = {}
    for case in root.iter("testcase"):
        room, name = case.get("classname", ""), case.get("name", "")
        outcomes = [child.tag for child in case if child.tag in _WORDS.values()]
        found[f"{room}/{name}" if room else name] = outcomes[0] if outcomes else ""
    return found
