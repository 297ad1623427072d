"""CSV by RFC 4180, for spreadsheets: a line per finding, or one for a check that left none.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line's end for a formula, and what a
deployment answers stands in these cells: they get an apostrophe (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator

from reports.document import ReportDocument
from reports.records import CheckRecord, FindingRecord
from reports.verify import Verified

COLUMNS = (
    "check",
    "claim",
    "gate",
    "severity",
    "controls",
    "status",
    "reason",
    "explanation",
    "target",
    "subject",
    "ok",
    "message",
    "remedy",
    "evidence",
    "waiver_owner",
    "waiver_expires",
    "proven",
    "proof",
    "run",
    "report_sha256",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(found: Verified) -> bytes:
    """The file's bytes: UTF-8, every cell quoted, the first line names the columns."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    run = (found.document.identity.run_id, found.digest)
    writer.writerows([_defused(cell) for cell in (*line, *run)] for line in _lines(found.document))
    return text.getvalue().encode()


def _lines(document: ReportDocument) -> Iterator[tuple[str, ...]]:
    waivers = {waiver.check: waiver for waiver in document.waivers if waiver.in_force}
    for check in document.checks:
        waiver = waivers.get(check.id)
        answered = (waiver.owner, str(waiver.expires)) if waiver else ("", "")
        for finding in check.findings or (None,):
            yield (*_of_check(check), *_of_finding(finding), *answered, _yes(holds=check.proven), check.proof)


def _of_check(check: CheckRecord) -> tuple[str, ...]:
    return (
        check.id,
        check.claim,
        check.gate.value,
        check.severity.value,
        " ".join(check.controls),
        check.status.value,
        check.reason.value if check.reason else "",
        check.explanation,
        check.target,
    )


def _of_finding(finding: FindingRecord | None) -> tuple[str, ...]:
    if finding is None:
        return ("",) * 5
    return (finding.subject, _yes(holds=finding.ok), finding.message, finding.remedy, finding.evidence)


def _yes(*, holds: bool) -> str:
    return "yes" if holds else "no"


def _defused(cell: str) -> str:
    """Also what becomes such a sign when a spreadsheet folds wide letters, or drops blanks before it."""
    folded = unicodedata.normalize("NFKC", cell)
    begins = folded.startswith(_FORMULA) or folded.strip().startswith(_FORMULA)
    return f"'{cell}" if begins else cell
