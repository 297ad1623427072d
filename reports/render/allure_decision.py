"""Allure: the decision as a result of its own, since green tests alone do not say that a deployment is approved."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Attachment, Label, Status, StatusDetails, TestResult
from allure_commons.types import AttachmentType, LabelType
from allure_commons.utils import uuid4
from rich.console import Console

from checks.model import Severity
from reports.document import ReportDocument
from reports.files import read_plain, sha256
from reports.manifest import FOLDER as EVIDENCE
from reports.records import Verdict
from reports.render.allure_labels import SEVERITIES, VERDICT
from reports.render.sent import sent_sentence
from reports.render.terminal import print_summary

_SUITE = "the decision"
_WIDTH = 110
# Bytes of a file that is attached, and of all of them: what is larger stays in the report's folder.
_LARGEST, _MOST = 4 * 2**20, 32 * 2**20
_TYPES = {".svg": AttachmentType.SVG, ".json": AttachmentType.JSON}


def write_decision(
    results: Path,
    document: ReportDocument,
    *,
    verify_command: str,
    trust: str,
    folder: Path | None = None,
    pictures: Mapping[str, bytes] | None = None,
    signed: Mapping[str, str] | None = None,
) -> None:
    """Add the decision to ``allure-results``, with the closing summary and the evidence attached: ledgers of drills,
    pictures and figures of loads.

    Args:
        results: the folder of Allure's results.
        folder: of the report; unless given, the one that ``results`` is in.
        pictures: more to attach, name -> SVG.
        signed: name -> SHA-256 of the evidence that may be attached; all of it unless given.
        document: what was found and decided.
        verify_command: what anybody types to verify the report.
        trust: one sentence on what has been verified.
    """
    files, folder = AllureFileLogger(str(results)), folder or results.parent
    page = Console(file=io.StringIO(), width=_WIDTH, highlight=False, color_system=None, force_terminal=False)
    print_summary(document, folder=folder, verify_command=verify_command, trust=trust, console=page)
    source = f"{uuid4()}-attachment.txt"
    assert isinstance(page.file, io.StringIO)  # noqa: S101  made so above
    files.report_attached_data(page.file.getvalue(), source)
    grounds = "\n".join(
        f"{ground.subject}: {ground.message}" for ground in (*document.rejections, *document.conditions)
    )
    files.report_result(
        TestResult(
            uuid=uuid4(),
            historyId=_SUITE,
            testCaseId=_SUITE,
            fullName=_SUITE,
            name=f"{document.decision} ({document.score:.1f} of 100)",
            description=_description(document),
            status=Status.PASSED if document.decision is Verdict.APPROVED else Status.FAILED,
            statusDetails=StatusDetails(message=grounds or None),
            start=_milliseconds(document.identity.started),
            stop=_milliseconds(document.identity.ended),
            labels=[
                Label(name=LabelType.PARENT_SUITE, value=_SUITE),
                Label(name=LabelType.EPIC, value=_SUITE),
                Label(name=LabelType.SEVERITY, value=SEVERITIES[Severity.CRITICAL]),
                Label(name=VERDICT, value=document.decision.value),
            ],
            attachments=[
                Attachment(name="closing summary", source=source, type=AttachmentType.TEXT.mime_type),
                *_drawn(files, pictures or {}),
                *_evidence(files, folder / EVIDENCE, signed),
            ],
        )
    )


def _description(document: ReportDocument) -> str:
    said = "What the sign-off board decides on; the signed report says the same."
    if not document.sent:
        return said
    rows = [f"- {s.target}: {s.count} {s.unit} ({s.effect})" for s in document.sent]
    return "\n".join([said, "", f"Sent to the deployment: {sent_sentence(document.sent)}", "", *rows])


def _drawn(files: AllureFileLogger, pictures: Mapping[str, bytes]) -> list[Attachment]:
    attachments = []
    for name, content in pictures.items():
        source = f"{uuid4()}-attachment.svg"
        files.report_attached_data(content, source)
        attachments.append(Attachment(name=name, source=source, type=AttachmentType.SVG.mime_type))
    return attachments


def _evidence(files: AllureFileLogger, folder: Path, signed: Mapping[str, str] | None) -> list[Attachment]:
    """The evidence, as attachments: pictures first in each folder. What is not as it was signed is left out."""
    attachments, left = [], _MOST
    for path in _sorted(folder):
        try:
            content = read_plain(path, min(_LARGEST, left))
        except OSError:
            continue
        if signed is not None and signed.get(path.relative_to(folder).as_posix()) != sha256(content):
            continue
        left -= len(content)
        source = f"{uuid4()}-attachment{path.suffix}"
        files.report_attached_data(content, source)
        kind = _TYPES.get(path.suffix, AttachmentType.TEXT)
        name = " ".join(path.parent.relative_to(folder).parts)
        attachments.append(Attachment(name=f"{name}: {path.name}", source=source, type=kind.mime_type))
    return attachments


def _sorted(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.parent != folder]
    return sorted(found, key=lambda path: (path.parent, path.suffix != ".svg", path.name))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
