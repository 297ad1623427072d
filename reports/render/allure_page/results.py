"""What Allure reads, written from a verified report: what pytest left in ``allure-results`` is signed by nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Attachment, Label, StatusDetails, TestResult, TestStepResult
from allure_commons.model2 import Status as AllureStatus
from allure_commons.types import AttachmentType
from allure_commons.utils import uuid4

from checks.model import Status
from reports import manifest
from reports.document import ReportDocument
from reports.files import read_plain, sha256
from reports.records import CheckRecord, EarlierRun, SelfProof, utc
from reports.render.allure import findings_html, ordered, write_environment
from reports.render.allure_decision import write_decision
from reports.render.allure_labels import ABORTED, STATUSES, VERDICT, check_labels
from reports.verify import Verified

_RUNS = "runs without a report"


def write_results(
    results: Path,
    folder: Path,
    found: Verified,
    *,
    verify_command: str,
    trust: str,
    pictures: Mapping[str, bytes] | None = None,
) -> None:
    """Write one result for the decision, one for each check with its findings, its proofs as steps, and one for each
    run before it that was aborted.

    Args:
        results: a new folder.
        folder: of the report, whose evidence is attached where it still is what was signed.
        found: the report.
        verify_command: what anybody types to verify it.
        trust: one sentence on what has been verified.
        pictures: to attach to the decision, name -> SVG.
    """
    document = found.document
    write_environment(results, document)
    (results / "categories.json").unlink()  # of tests; the page has its own
    write_decision(
        results,
        document,
        verify_command=verify_command,
        trust=trust,
        folder=folder,
        pictures=pictures,
        signed=_listed(folder, found),
    )
    files = AllureFileLogger(str(results))
    proofs: dict[str, list[SelfProof]] = {}
    for proof in document.selfproof:
        proofs.setdefault(proof.check, []).append(proof)
    titles = {control.id: control.title for control in document.controls}
    for check in document.checks:
        result = _check(check, proofs.get(check.id, []), document, titles)
        result.attachments = list(_findings(files, check))
        files.report_result(result)
    for run in found.standing.earlier:
        if run.decision is None:
            files.report_result(_aborted(run))


def _listed(folder: Path, found: Verified) -> dict[str, str]:
    """What the signed manifest lists; nothing where it is another one by now."""
    try:
        listed = read_plain(folder / manifest.SIGNED_AS)
    except OSError:
        return {}
    return manifest.decode(listed) if sha256(listed) == found.statement.predicate.files[manifest.SIGNED_AS] else {}


def _check(check: CheckRecord, proofs: list[SelfProof], document: ReportDocument, titles: dict[str, str]) -> TestResult:
    began = document.identity.started
    said = [f"{f.subject}: {f.message} -> {f.remedy}" for f in check.broken] or [check.explanation or check.claim]
    green = check.status is Status.PASS
    message = None if green else "\n".join([f"{check.status.value} {check.id} {' '.join(check.controls)}", *said])
    described = (check.claim, check.explanation, check.proof, f"Looked at: {check.target}" if check.target else "")
    return TestResult(
        uuid=uuid4(),
        historyId=check.id,
        testCaseId=check.id,
        fullName=check.id,
        name=check.id,
        description="\n\n".join(filter(None, described)),
        status=STATUSES[check.status],
        statusDetails=StatusDetails(message=message),
        start=milliseconds(began),
        stop=milliseconds(began + timedelta(seconds=check.duration_s)),
        steps=[*_findings_as_steps(check), *_proofs_as_steps(proofs)],
        labels=[
            Label(name=name, value=value)
            for name, value in check_labels(check.id, check.gate, check.severity, check.status, check.controls, titles)
        ],
    )


def _findings_as_steps(check: CheckRecord) -> Iterator[TestStepResult]:
    for finding in ordered(check.findings):
        yield TestStepResult(
            name=f"{finding.subject}: {finding.message}",
            status=AllureStatus.PASSED if finding.ok else AllureStatus.FAILED,
            statusDetails=StatusDetails(message=None if finding.ok else finding.remedy),
        )


def _proofs_as_steps(proofs: list[SelfProof]) -> Iterator[TestStepResult]:
    if not proofs:
        return
    steps = [
        TestStepResult(
            name=f"{proof.violation}: says {proof.status.value} of {proof.on}, and {proof.clean_status.value} of its"
            " clean twin",
            status=AllureStatus.PASSED if proof.proven else AllureStatus.BROKEN,
            statusDetails=StatusDetails(message=None if proof.proven else proof.reason or proof.clean_reason or None),
            start=milliseconds(proof.at),
            stop=milliseconds(proof.at),
        )
        for proof in proofs
    ]
    proven = all(proof.proven for proof in proofs)
    yield TestStepResult(
        name=f"Proven able to fail on {sum(proof.proven for proof in proofs)} of {len(proofs)} seeded violations",
        status=AllureStatus.PASSED if proven else AllureStatus.BROKEN,
        steps=steps,
    )


def _findings(files: AllureFileLogger, check: CheckRecord) -> Iterator[Attachment]:
    if check.findings:
        source = f"{uuid4()}-attachment.html"
        files.report_attached_data(findings_html(check.claim, check.findings), source)
        yield Attachment(name="findings", source=source, type=AttachmentType.HTML.mime_type)


def _aborted(run: EarlierRun) -> TestResult:
    return TestResult(
        uuid=uuid4(),
        fullName=f"run {run.run_id}",
        testCaseId=f"run {run.run_id}",
        name=f"{ABORTED}: run {run.run_id}",
        description="It was begun and entered in the signed history, and no report says what it found.",
        status=AllureStatus.BROKEN,
        statusDetails=StatusDetails(message=f"{ABORTED} run {run.run_id} of {utc(run.at)} has no report"),
        start=milliseconds(run.at),
        stop=milliseconds(run.at),
        labels=[Label(name="epic", value=_RUNS), Label(name=VERDICT, value=ABORTED)],
    )


def milliseconds(moment: datetime) -> int:
    """Since 1970, as Allure counts."""
    return round(moment.timestamp() * 1000)
