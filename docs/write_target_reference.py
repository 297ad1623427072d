"""Writes the reference of both files: ``python docs/write_target_reference.py`` writes ``docs/TARGET.md``.

The fields are read off the records, so the reference is true; a test writes it again and compares. The table of what a
gate says of each example is made from reports, and kept as it is otherwise::

    python docs/write_target_reference.py orthanc=build/gate/ID/results.json fhir=build/gate/ID/results.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from checks.application import Application
from fixtures.deployment.field_docs import FieldDoc, fields_of, heading_of, summary_of
from fixtures.deployment.target_file import TargetFile

REFERENCE = Path(__file__).resolve().parent / "TARGET.md"
BEGIN, END = "<!-- examples: begin (made from reports) -->", "<!-- examples: end -->"
_HEAD = """# Target file and application file

Made by `python docs/write_target_reference.py` from the records; do not edit. `clinical-gate target init` writes both
files by asking and looking, `clinical-gate target check FILE` says what is wrong with them and what they let a gate
answer. Every key and every table may be left out unless it says *required*; a key that is not listed is refused.
"""
_EXAMPLES = """## What a gate says of the examples

"""
_VERDICTS = ("PASS", "FAIL", "WAIVED")


def written(examples: str) -> str:
    """The whole text, with this table of the examples."""
    parts = [_HEAD, _EXAMPLES + f"{BEGIN}\n{examples}{END}\n"]
    parts += [_reference("Target file", TargetFile), _reference("Application file", Application)]
    return "\n".join(parts)


def kept() -> str:
    """The table of the examples as it stands in the reference now."""
    if not REFERENCE.exists():
        return ""
    return REFERENCE.read_text().partition(f"{BEGIN}\n")[2].partition(END)[0]


def _reference(title: str, root: type) -> str:
    lines, known = [f"## {title}\n"], [root]
    for record in known:  # grows while it is read
        fields = fields_of(record)
        known += [each for field in fields for each in field.records if each not in known]
        lines += [*([] if record is root else [f"### {heading_of(record)}\n"]), f"{_inline(summary_of(record))}\n"]
        lines += ["| key | value | default | meaning |", "|---|---|---|---|", *map(_row, fields), ""]
    return "\n".join(lines)


def _row(field: FieldDoc) -> str:
    default = "*required*" if field.default is None else f"`{field.default}`" if field.default else ""
    return f"| `{field.name}` | {field.form} | {default} | {_inline(field.meaning)} |"


def _inline(text: str) -> str:
    """Docstrings mark code by two backquotes, Markdown by one."""
    return text.replace("``", "`").replace("|", "\\|")


def table_of(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Which checks give a verdict on each example, which do not apply, and why.

    Args:
        reports: name of an example -> its results.json.
    """
    return "\n".join(_table(reports)) + "\n"


def _table(reports: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    found = {name: {check["id"]: check for check in report["checks"]} for name, report in reports.items()}
    for name, report in reports.items():
        statuses = [check["status"] for check in report["checks"]]
        judged, apart = sum(s in _VERDICTS for s in statuses), statuses.count("NOT_APPLICABLE")
        left = len(statuses) - judged - apart
        unknown = f", {left} are UNKNOWN" if left else ""
        of_all = f"{judged} of {len(statuses)} checks give a verdict, {apart} do not apply{unknown}"
        yield f"- **{name}**: {report['decision']}; {of_all}."
    yield ""
    yield f"| check | {' | '.join(found)} |"
    yield "|---" * (len(found) + 1) + "|"
    for check in sorted({identity for checks in found.values() for identity in checks}):
        cells = [_cell(checks.get(check)) for checks in found.values()]
        yield f"| `{check}` | {' | '.join(cells)} |"


def _cell(check: Mapping[str, Any] | None) -> str:
    if check is None:
        return "not asked"
    if check["status"] in _VERDICTS:
        return str(check["status"])
    said = "does not apply" if check["status"] == "NOT_APPLICABLE" else str(check["status"])
    return _inline(f"{said}: {check['explanation']}")


def main(arguments: list[str]) -> None:
    """Write the reference; ``NAME=results.json`` makes the table of the examples anew."""
    given = [argument.partition("=")[::2] for argument in arguments]
    reports = {name: json.loads(Path(path).read_text()) for name, path in given}
    REFERENCE.write_text(written(table_of(reports) if reports else kept()))


if __name__ == "__main__":
    main(sys.argv[1:])
