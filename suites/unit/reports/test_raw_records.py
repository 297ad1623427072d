"""A PASS of performance or recovery needs the record that it judged, in the report and in its evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.model import Gate, Severity
from reports.document import ReportDocument
from reports.history import read
from reports.raw_records import unrecorded
from reports.writer import PublishError, publish
from suites.unit.reports.report_samples import decided, document, policy, proofs, result, rule

pytestmark = pytest.mark.unit
LEDGER, LOAD = "drills/primary_killed-1.jsonl", "load/clinic/record.json"


def _passing(room: str) -> ReportDocument:
    """A report of one drill and one load, in which a check of a room passes."""
    check = rule("kept", Severity.HIGH)
    moved = check.__class__(**{**check.__dict__, "id": f"{room}/kept"})
    decision = decided([moved], [result(moved)], under=policy(gates=(Gate.SECURITY,)))
    shown = proofs([moved])
    return document().model_copy(
        update={
            "checks": decision.checks,
            "gates": decision.gates,
            "controls": decision.controls,
            "selfproof": tuple(shown),
        }
    )


@pytest.mark.parametrize(
    ("room", "evidence", "said"),
    [
        ("recovery", (LEDGER, LOAD), ""),
        ("recovery", (LOAD,), "recovery/kept passes, and the evidence has no record of what it judged."),
        ("performance", (LEDGER, LOAD), ""),
        ("performance", (LEDGER, "load/clinic/all.hgrm"), "performance/kept passes, and the evidence has no record"),
        ("tls", (), ""),
    ],
)
def test_a_pass_needs_the_record_that_it_judged(room: str, evidence: tuple[str, ...], said: str) -> None:
    found = unrecorded(_passing(room), evidence)
    assert found.startswith(said) if said else found == ""


@pytest.mark.parametrize(("room", "figures"), [("recovery", "drills"), ("performance", "load")])
def test_a_record_in_the_evidence_alone_is_not_enough(room: str, figures: str) -> None:
    made = _passing(room).model_copy(update={figures: ()})
    assert unrecorded(made, (LEDGER, LOAD)) != ""


def test_such_a_report_is_not_published(tmp_path: Path) -> None:
    made = _passing("recovery")
    with pytest.raises(PublishError, match="has no record of what it judged"):
        publish(tmp_path / "gate", "run-1", made)
    assert [type(entry).__name__ for entry in read(tmp_path / "gate/history.jsonl")] == ["RunStarted"]
    named = made.model_copy(update={"identity": made.identity.model_copy(update={"run_id": "run-2"})})
    kept = publish(tmp_path / "gate", "run-2", named, evidence={LEDGER: b"{}\n"})
    assert kept.verified.document.checks[0].id == "recovery/kept"
