"""Whether what a report says of loads and drills has its raw record beside it: a figure can be written by hand."""

from __future__ import annotations

from collections.abc import Collection

from checks.model import Status
from reports.document import ReportDocument

_LEDGERS, _LOADS = "drills/", "load/"


def unrecorded(document: ReportDocument, evidence: Collection[str]) -> str:
    """What passes without a record of its own, in one sentence; empty where everything has one.

    Args:
        evidence: names of the files in the report's evidence.
    """
    ledgers = sum(name.startswith(_LEDGERS) for name in evidence)
    loads = sum(name.startswith(_LOADS) and name.endswith("/record.json") for name in evidence)
    for room, figures, kept in (("recovery/", document.drills, ledgers), ("performance/", document.load, loads)):
        passing = [check.id for check in document.checks if check.id.startswith(room) and check.status is Status.PASS]
        if passing and (not figures or kept < len(figures)):
            return f"{passing[0]} passes, and the evidence has no record of what it judged."
    return ""
