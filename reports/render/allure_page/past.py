"""Figures and earlier runs as Allure 3 reads them: its metrics, and the history that it draws trends from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from reports.document import ReportDocument
from reports.earlier import EarlierReport
from reports.measured import MeasuredFigure, measured
from reports.render.allure_labels import STATUSES, check_labels
from reports.render.allure_page.results import milliseconds

_GROUPS = {"RTO": "recovery", "RPO": "recovery", "p95": "performance", "epsilon": "privacy", "epsilon spent": "privacy"}


def metrics(document: ReportDocument) -> list[dict[str, object]]:
    """What ``performance.json`` holds: the figures of a report that are known."""
    identity = document.identity
    began, ended = milliseconds(identity.started), milliseconds(identity.ended)
    return [
        {"id": f"{identity.run_id} {key}", "key": key, "value": figure.value, "start": began, "stop": ended}
        for key, figure in _known(document)
    ]


def performance(document: ReportDocument) -> dict[str, object]:
    """What Allure's configuration says of each figure: less is better."""
    titles = {key: f"{figure.kind}, {', '.join(figure.of)}" for key, figure in _known(document)}
    return {
        "groups": {group: {"title": group.capitalize()} for group in sorted(set(_GROUPS.values()))},
        "metrics": {
            key: {"title": titles[key], "unit": figure.unit, "better": "lower", "group": _GROUPS[figure.kind]}
            for key, figure in _known(document)
        },
    }


def history_lines(reports: Sequence[EarlierReport]) -> str:
    """The history file, a line for each earlier report, oldest first.

    The form is that of ``HistoryDataPoint`` in Allure's ``core-api``.
    """
    return "".join(f"{json.dumps(_point(report))}\n" for report in reports)


def _point(report: EarlierReport) -> dict[str, object]:
    document = report.found.document
    identity = document.identity
    return {
        "uuid": report.found.digest[:32],
        "name": f"{document.decision.value}, {document.score:.1f} of 100, run {identity.run_id}",
        "timestamp": milliseconds(identity.ended),
        "knownTestCaseIds": [_md5(check.id) for check in document.checks],
        "testResults": dict(_results(document)),
        "metrics": {key: figure.value for key, figure in _known(document)},
        "url": "",
    }


def _results(document: ReportDocument) -> Iterator[tuple[str, dict[str, object]]]:
    began = milliseconds(document.identity.started)
    for check in document.checks:
        known_as = f"{_md5(check.id)}.{_md5('')}"  # a test without parameters
        took = round(check.duration_s * 1000)
        labels = check_labels(check.id, check.gate, check.severity, check.status, check.controls)
        yield (
            known_as,
            {
                "id": _md5(f"{document.identity.run_id} {check.id}"),
                "name": check.id,
                "fullName": check.id,
                "historyId": known_as,
                "status": STATUSES[check.status],
                "message": "" if check.proven else check.proof,
                "start": began,
                "stop": began + took,
                "duration": took,
                "labels": [{"name": name, "value": value} for name, value in labels],
                "url": "",
            },
        )


def _known(document: ReportDocument) -> Iterator[tuple[str, MeasuredFigure]]:
    for figure in measured(document):
        if figure.value is not None:
            yield ".".join((figure.kind, *figure.of)).replace(" ", "_"), figure


def _md5(text: str) -> str:
    """The names that Allure gives to tests; nothing rests on it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
