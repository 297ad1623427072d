"""Markdown for a pull request: the decision, the gates, what is open with its remedy, what was not examined, figures.

What a report says stands in code spans: nothing in one is markup, a link, a mention, a reference to an issue or an
emoji (https://github.github.com/gfm/#code-spans).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.model import Status
from reports.document import ReportDocument
from reports.measured import measured
from reports.records import Verdict, utc
from reports.render.board.page import OpenPoint, open_points, unexamined
from reports.verify import Verified

# GitHub takes 65,536 characters in a comment.
_SHOWN = 40
_LONGEST = 240
_NAMED = 10
_SIGNS = {Verdict.APPROVED: "✅", Verdict.CONDITIONAL: "⚠️", Verdict.REJECTED: "❌"}
_COLUMNS = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.WAIVED, Status.NOT_APPLICABLE)


def markdown(found: Verified) -> bytes:
    """The text's bytes; equal reports give equal bytes."""
    document, identity = found.document, found.document.identity
    what = f"{identity.kind.capitalize()} of {code(identity.name)} by the policy {code(identity.policy)}"
    proven = f"{document.proven} of {len(document.checks)} checks were proven able to fail in this run"
    signed = f"SHA-256 {code(found.digest)}, signed with the key {code(found.keyid[:16])}"
    blocks = [
        f"## {_SIGNS[document.decision]} {document.decision.value}, score {document.score:.1f} of 100",
        f"{what}, run {code(identity.run_id)}, {utc(identity.ended)}. {proven}.",
        _gates(document),
        *_section("Open", list(_open(document)), "Nothing is open."),
        *_section("Not examined", list(_unexamined(document)), "Everything that applies was examined."),
        *_section("Measured", list(_measured(document)), "Nothing was measured."),
        *(_section("Remarks", [f"- {code(remark)}" for remark in found.remarks], "") if found.remarks else []),
        f"Report {found.statement.predicate.sequence} on this target, {signed}.",
    ]
    return ("\n\n".join(blocks) + "\n").encode()


def code(text: str) -> str:
    """A text as one code span: in one line, cut where it is long, between more backticks than it has in a row."""
    line = " ".join(text.split())
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST - 1]}…"
    if not line:
        return "(nothing)"
    ticks = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def _gates(document: ReportDocument) -> str:
    lines = [f"| Gate | Score | {' | '.join(status.value for status in _COLUMNS)} |", f"|---|{'--:|' * 6}"]
    for gate in document.gates:
        score = "" if gate.score is None else f"{gate.score:.1f}"
        counts = " | ".join(str(gate.counts.get(status, 0)) for status in _COLUMNS)
        lines.append(f"| {gate.gate.value} | {score} | {counts} |")
    return "\n".join(lines)


def _section(title: str, lines: list[str], none: str) -> list[str]:
    more = [f"- and {len(lines) - _SHOWN} more, all in the report"] if len(lines) > _SHOWN else []
    return [f"### {title}", "\n".join([*lines[:_SHOWN], *more]) if lines else none]


def _open(document: ReportDocument) -> Iterator[str]:
    for point in open_points(document):
        head = f"- {'**rejects:** ' if point.critical else ''}{_names(point.subjects)}, {point.cause}"
        yield f"{head}: {code(point.message)}{_demands(point)}{_remedy(point)}"


def _demands(point: OpenPoint) -> str:
    return f" ({_names(point.controls)})" if point.controls else ""


def _remedy(point: OpenPoint) -> str:
    return f"\n  - remedy: {code(point.remedy)}" if point.remedy else ""


def _unexamined(document: ReportDocument) -> Iterator[str]:
    for each in unexamined(document):
        yield f"- {code(each.reason)}: {_names(each.checks)}"


def _measured(document: ReportDocument) -> Iterator[str]:
    for figure in measured(document):
        yield f"- {figure.kind} of {', '.join(code(part) for part in figure.of)}: {figure.shown}"


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(code(name) for name in names[:_NAMED]) + more
