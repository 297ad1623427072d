"""junit.xml: one test case per check, for build servers. FAIL is a failure, UNKNOWN an error, never a pass."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from checks.model import Status
from reports.document import ReportDocument
from reports.records import CheckRecord

JUNIT = "junit.xml"


def junit(document: ReportDocument) -> bytes:
    """The file's bytes; equal documents give equal bytes."""
    identity = document.identity
    root = ET.Element("testsuites", {"name": f"clinical-gate: {identity.name}", **_counts(document.checks)})
    for gate in document.gates:
        own = tuple(check for check in document.checks if check.gate is gate.gate)
        head = {"name": gate.gate.value, "timestamp": identity.started.isoformat(timespec="seconds")}
        suite = ET.SubElement(root, "testsuite", {**head, **_counts(own)})
        for check in own:
            _case(suite, check)
    ET.indent(root, space=" ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _counts(checks: tuple[CheckRecord, ...]) -> dict[str, str]:
    def count(*statuses: Status) -> str:
        return str(sum(check.status in statuses for check in checks))

    return {
        "tests": str(len(checks)),
        "failures": count(Status.FAIL),
        "errors": count(Status.UNKNOWN),
        "skipped": count(Status.NOT_APPLICABLE, Status.WAIVED),
        "time": f"{sum(check.duration_s for check in checks):.3f}",
    }


def _case(suite: ET.Element, check: CheckRecord) -> None:
    room, _, name = check.id.rpartition("/")
    case = ET.SubElement(suite, "testcase", classname=room, name=name, time=f"{check.duration_s:.3f}")
    properties = ET.SubElement(case, "properties")
    for label, value in (("claim", check.claim), ("severity", check.severity.value), ("self-proof", check.proof)):
        ET.SubElement(properties, "property", name=label, value=value)
    for control in check.controls:
        ET.SubElement(properties, "property", name="control", value=control)
    if check.status is Status.FAIL:
        first = check.broken[0].message if check.broken else "it failed"
        failure = ET.SubElement(case, "failure", type=check.severity.value, message=first)
        failure.text = "\n".join(f"{f.subject}: {f.message}\n  remedy: {f.remedy}" for f in check.broken)
    elif check.status is Status.UNKNOWN:
        ET.SubElement(case, "error", type=str(check.reason or "unknown"), message=check.explanation)
    elif check.status in (Status.NOT_APPLICABLE, Status.WAIVED):
        ET.SubElement(case, "skipped", message=check.explanation)
