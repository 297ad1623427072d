"""Allure: labels and findings on the running test, and what the report says of its environment and its failures."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import allure

from checks.catalogue import controls
from checks.model import Finding, Result
from reports.document import ReportDocument
from reports.records import FindingRecord, utc
from reports.redaction import printable, redact
from reports.render.allure_labels import check_labels

# Of the tests, while nobody has decided: what is waived or aborted is known to the report, and to the page of it.
_CATEGORIES = (
    {"name": "FAIL", "messageRegex": r"FAIL [\s\S]*"},
    {"name": "UNKNOWN", "messageRegex": r"UNKNOWN [\s\S]*"},
    {"name": "NOT PROVEN able to fail", "messageRegex": r"wanted [\s\S]*"},
    {"name": "NOT_APPLICABLE", "matchedStatuses": ["skipped"]},
)
AnyFinding: TypeAlias = Finding | FindingRecord
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
    allure.dynamic.parent_suite(_PROOFS if proof else _DEPLOYMENT)
    for name, value in check_labels(
        result.check_id, result.gate, result.severity, result.status, result.controls, _titles()
    ):
        allure.dynamic.label(name, value)
    if result.findings:
        allure.attach(
            findings_html(result.claim, result.findings), name="findings", attachment_type=allure.attachment_type.HTML
        )
        allure.attach(
            findings_text(result.findings), name="findings as text", attachment_type=allure.attachment_type.TEXT
        )
    for name, content in (evidence or {}).items():
        try:
            text = redact(content.decode())
        except UnicodeDecodeError:
            allure.attach(content, name=name, extension="bin")
        else:
            allure.attach(text, name=name, attachment_type=allure.attachment_type.TEXT)


def findings_text(findings: Sequence[AnyFinding]) -> str:
    """The findings, one paragraph each, those that are not ok first."""
    return "\n\n".join(_paragraph(finding) for finding in ordered(findings))


def findings_html(claim: str, findings: Sequence[AnyFinding]) -> str:
    """The findings as a table below the claim, those that are not ok first."""
    rows = "".join(_row(finding) for finding in ordered(findings))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>findings</title><style>{_STYLE}</style>"
        f"<p>{html.escape(claim)}</p>"
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


def ordered(findings: Sequence[AnyFinding]) -> list[AnyFinding]:
    """Those that are not ok first."""
    return sorted(findings, key=lambda finding: finding.ok)


@cache
def _titles() -> dict[str, str]:
    return {identity: control.title for identity, control in controls().items()}


def _paragraph(finding: AnyFinding) -> str:
    lines = [f"{'ok' if finding.ok else 'NOT OK'}  {finding.subject}: {finding.message}"]
    lines += [f"remedy: {finding.remedy}"] if finding.remedy else []
    lines += [f"evidence: {finding.evidence}"] if finding.evidence else []
    return printable("\n".join(lines))


def _row(finding: AnyFinding) -> str:
    cells = (finding.subject, finding.message, finding.remedy, finding.evidence)
    kind, word = ("yes", "yes") if finding.ok else ("no", "NO")
    return f"<tr class={kind}><td>{word}" + "".join(f"<td><pre>{html.escape(printable(cell))}</pre>" for cell in cells)


def _property(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", " ")
