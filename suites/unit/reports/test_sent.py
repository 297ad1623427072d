"""What was sent to a deployment stands in the report by target, and in a sentence for who reads no more."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from checks.model import Status
from checks.targets import Effect, Sent
from reports.document import ReportDocument, decode, encode
from reports.figures import SentRecord
from reports.render.allure_decision import write_decision
from reports.render.sent import sent_sentence
from reports.render.terminal import summary
from suites.unit.reports.report_samples import document

SENT = tuple(
    SentRecord.of(sent)
    for sent in (
        Sent("application 10.0.0.1:443", "log-ins", Effect.GRANTED, 8),
        Sent("application 10.0.0.1:443", "log-ins", Effect.REFUSED, 1),
        Sent("application 10.0.0.1:443", "requests", Effect.READ, 1200),
        Sent("edge 10.0.0.1:443", "requests", Effect.READ, 40),
        Sent("database 10.0.0.2:5432", "statements", Effect.ROLLED_BACK, 6),
        Sent("database 10.0.0.2:5432", "statements", Effect.READ, 34),
    )
)
SENTENCE = "9 log-ins (1 refused), 1,240 requests (0 writes), 40 statements (6 rolled back)"


def _document() -> ReportDocument:
    return document(failing=False).model_copy(update={"sent": SENT})


def _text(shown: ReportDocument) -> str:
    page = io.StringIO()
    Console(file=page, width=200, highlight=False).print(summary(shown, Path("build"), "verify it"))
    return page.getvalue()


def test_it_is_one_sentence() -> None:
    """Over all targets; what writes is told also where nothing did."""
    assert sent_sentence(SENT) == SENTENCE
    write = SentRecord.of(Sent("application 10.0.0.1:443", "requests", Effect.WRITE, 3))
    assert sent_sentence([*SENT, write]) == SENTENCE.replace("1,240 requests (0", "1,243 requests (3")


def test_it_is_in_the_report_and_on_the_terminal() -> None:
    """The report lists every target; one that is older than the count is read all the same."""
    written = json.loads(encode(_document()))
    assert len(written["sent"]) == len(SENT)
    assert written["sent"][0] == {
        "target": "application 10.0.0.1:443",
        "unit": "log-ins",
        "effect": "granted",
        "count": 8,
    }
    assert decode(json.dumps(written).encode()).sent == SENT
    del written["sent"]
    assert decode(json.dumps(written).encode()).sent == ()
    assert f"Sent        {SENTENCE}" in _text(_document())
    assert "Sent " not in _text(document(failing=False))


def test_the_boards_page_lists_it(tmp_path: Path) -> None:
    """By target, below the sentence."""
    write_decision(tmp_path / "allure-results", _document(), verify_command="verify it", trust="verified")
    [path] = (tmp_path / "allure-results").glob("*-result.json")
    told = json.loads(path.read_text())["description"]
    assert f"Sent to the deployment: {SENTENCE}" in told
    assert "- database 10.0.0.2:5432: 6 statements (rolled back)" in told


def test_a_pass_that_saw_a_part_only_is_told() -> None:
    """Beside the checks that failed."""
    shown = document(failing=False)
    first = next(check for check in shown.checks if check.status is Status.PASS)
    partly = first.model_copy(update={"explanation": "looked at in part (erase patient: it writes)"})
    checks = tuple(partly if check.id == first.id else check for check in shown.checks)
    text = _text(shown.model_copy(update={"checks": checks}))
    assert "Passed, but looked at in part" in text
    assert f"{first.id}: looked at in part (erase patient: it writes)" in text
    assert "Passed, but" not in _text(shown)
