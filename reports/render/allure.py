"""Allure: labels and findings on the running test, and what the report says of its environment and its failures."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path

import allure

from checks.model import Finding, Result, Severity
from reports.document import ReportDocument
from reports.records import utc
from reports.redaction import printable, redact

# Allure has its own names for severities.
_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "normal",
    Severity.LOW: "minor",
}
_CATEGORIES = (
    {"name": "Failed checks", "messageRegex": r"FAIL [\s\S]*"},
    {"name": "Unknown: could not be examined", "messageRegex": r"UNKNOWN [\s\S]*"},
    {"name": "Not proven able to fail", "messageRegex": r"wanted [\s\S]*"},
    {"name": "Not applicable or waived", "matchedStatuses": ["skipped"]},
)
_DEPLOYMENT, _PROOFS = "the deployment", "self-proof: each check on what it must catch, and on its clean twin"
_STYLE = (
    "body{font:14px system-ui,sans-serif}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #bbb;padding:4px 8px;text-align:left;vertical-align:top}"
    "th{background:#eee}.no td:first-child{color:#b00020;font-weight:bold}pre{white-space:pre-wrap;margin:0}"
)


def attach_result(result: Result, *, proof: str = "", evidence: Mapping[str, bytes] | None = None) -> None:
    """Describe a result on the running allure-pytest test; without Allure this does nothing.

    Args:
        result: of one check.
        proof: of a self-proof, what the check must say of what: ``check on target: must say STATUS``.
        evidence: file name -> content; redacted when it is text.
    """
    allure.dynamic.title(proof or result.check_id)
    allure.dynamic.description("\n\n".join(filter(None, (result.claim, result.explanation))))
    allure.dynamic.severity(_SEVERITIES[result.severity])
    allure.dynamic.parent_suite(_PROOFS if proof else _DEPLOYMENT)
    allure.dynamic.suite(result.gate.value)
    allure.dynamic.sub_suite(result.check_id.partition("/")[0])
    allure.dynamic.epic("clinical gate")
    allure.dynamic.feature(result.gate.value)
    allure.dynamic.story(result.check_id.partition("/")[0])
    allure.dynamic.label("gate", result.gate.value)
    allure.dynamic.label("verdict", result.status.value)
    for control in result.controls:
        allure.dynamic.label("control", control)
        allure.dynamic.tag(control)
    if result.findings:
        allure.attach(findings_html(result), name="findings", attachment_type=allure.attachment_type.HTML)
        allure.attach(findings_text(result), name="findings as text", attachment_type=allure.attachment_type.TEXT)
    for name, content in (evidence or {}).items():
        try:
            text = redact(content.decode())
        except UnicodeDecodeError:
            allure.attach(content, name=name, extension="bin")
        else:
            allure.attach(text, name=name, attachment_type=allure.attachment_type.TEXT)


def findings_text(result: Result) -> str:
    """The findings, one paragraph each, those that are not ok first."""
    return "\n\n".join(_paragraph(finding) for finding in _ordered(result))


def findings_html(result: Result) -> str:
    """The findings as a table, those that are not ok first."""
    rows = "".join(_row(finding) for finding in _ordered(result))
    return (
        f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style><p>{html.escape(result.claim)}</p>"
        f"<table><tr><th>Holds<th>Subject<th>Seen<th>Remedy<th>Evidence</tr>{rows}</table>"
    )


def write_environment(folder: Path, document: ReportDocument) -> None:
    """Say in ``allure-results`` what was gated and decided: environment.properties, and the categories of what went
    wrong.
    """
    folder.mkdir(parents=True, exist_ok=True)
    identity = document.identity
    values = {
        "decision": document.decision.value,
        "score": f"{document.score:.1f} of 100",
        "target": identity.name,
        "target.digest": identity.digest,
        "policy": identity.policy,
        "run": identity.run_id,
        "harness": identity.harness_version,
        "commit": identity.git_commit or "none",
        "started": utc(identity.started),
        "ended": utc(identity.ended),
        **{f"own {own.part}.{own.path}": own.digest for own in document.own_files},
    }
    text = "".join(f"{key}={_property(value)}\n" for key, value in values.items())
    (folder / "environment.properties").write_text(text, encoding="utf-8")
    (folder / "categories.json").write_text(json.dumps(_CATEGORIES, indent=1) + "\n", encoding="utf-8")


def _ordered(result: Result) -> list[Finding]:
    return sorted(result.findings, key=lambda finding: finding.ok)


def _paragraph(finding: Finding) -> str:
    lines = [f"{'ok' if finding.ok else 'NOT OK'}  {finding.subject}: {finding.message}"]
    lines += [f"remedy: {finding.remedy}"] if finding.remedy else []
    lines += [f"evidence: {finding.evidence}"] if finding.evidence else []
    return printable("\n".join(lines))


def _row(finding: Finding) -> str:
    cells = (finding.subject, finding.message, finding.remedy, finding.evidence)
    kind, word = ("yes", "yes") if finding.ok else ("no", "NO")
    return f"<tr class={kind}><td>{word}" + "".join(f"<td><pre>{html.escape(printable(cell))}</pre>" for cell in cells)


def _property(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", " ")
