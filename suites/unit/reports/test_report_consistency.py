"""A decision that does not follow from the checks does not hold, whoever signs it: the signer may be who lies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.model import Status
from reports.consistency import contradiction
from reports.document import ReportDocument
from reports.records import Verdict
from reports.render.junit import junit
from reports.writer import PublishError, publish
from suites.unit.reports.board_samples import harness
from suites.unit.reports.report_samples import END, document

Lie = Callable[[ReportDocument], ReportDocument]
NOW = END + timedelta(hours=1)


def _approved(honest: ReportDocument) -> ReportDocument:
    return honest.model_copy(update={"decision": Verdict.APPROVED})


def _without_rejections(honest: ReportDocument) -> ReportDocument:
    return honest.model_copy(update={"decision": Verdict.CONDITIONAL, "rejections": ()})


def _failure_called_a_pass(honest: ReportDocument) -> ReportDocument:
    checks = tuple(c.model_copy(update={"status": Status.PASS, "proven": True}) for c in honest.checks)
    return _approved(honest).model_copy(update={"checks": checks, "rejections": (), "conditions": ()})


def _proof_left_out(honest: ReportDocument) -> ReportDocument:
    checks = (*honest.checks[:2], honest.checks[2].model_copy(update={"proven": False}))
    return honest.model_copy(update={"checks": checks})


def _control_uncovered(honest: ReportDocument) -> ReportDocument:
    controls = tuple(c.model_copy(update={"covered": not c.covered}) for c in honest.controls)
    return honest.model_copy(update={"controls": controls})


def _floor_lowered(honest: ReportDocument) -> ReportDocument:
    return honest.model_copy(update={"floor": 0.0})


def _ends_before_it_begins(honest: ReportDocument) -> ReportDocument:
    identity = honest.identity
    return honest.model_copy(
        update={"identity": identity.model_copy(update={"ended": identity.started - timedelta(1)})}
    )


LIES: list[tuple[Lie, str]] = [
    (_approved, "That it is APPROVED does not follow from the checks."),
    (_without_rejections, "That it is CONDITIONAL does not follow from the checks."),
    (_failure_called_a_pass, "What gates and controls say is not what the checks say."),
    (_proof_left_out, "passes, and nothing proved in the run that it can fail."),
    (_control_uncovered, "What gates and controls say is not what the checks say."),
    (_floor_lowered, "That it is REJECTED does not follow from the checks."),
    (_ends_before_it_begins, "The run ended before it began"),
]


@pytest.mark.parametrize("failing", [True, False])
def test_an_honest_report_follows_from_itself(*, failing: bool) -> None:
    """Also one that rejects, or every lie would be found for the wrong reason."""
    honest = document(failing=failing)
    assert contradiction(honest, junit(honest), now=NOW) == ""


@pytest.mark.parametrize(("lie", "said"), LIES)
def test_a_lie_of_the_signers_is_found(lie: Lie, said: str) -> None:
    told = lie(document(failing=True))
    assert said in contradiction(told, junit(told), now=NOW)


def test_an_edited_harness_is_not_signed_as_an_approval() -> None:
    told = document().model_copy(update={"harness": harness("changed since the commit: checks/tls/x.py")})
    assert contradiction(told, junit(told), now=NOW) == "", "the run was told to take any harness"
    unasked = told.model_copy(update={"harness": told.harness and told.harness.model_copy(update={"accepted": False})})
    assert contradiction(unasked, junit(unasked), now=NOW) == "That it is APPROVED does not follow from the checks."


def test_a_run_that_has_yet_to_end_is_none() -> None:
    honest = document()
    assert "has yet to end" in contradiction(honest, junit(honest), now=END - timedelta(hours=1))


@pytest.mark.parametrize("beside", [junit(document()), b"<testsuites/>", b"no XML"])
def test_build_servers_are_told_the_same(beside: bytes) -> None:
    """JUnit of another report, of none, and none at all."""
    assert contradiction(document(failing=True), beside, now=NOW) == "JUnit's cases are not the checks of the report."


def test_no_such_report_is_published(tmp_path: Path) -> None:
    """Whoever signs is the first to verify."""
    assert datetime.now(UTC) > END
    with pytest.raises(PublishError, match="does not follow from the checks"):
        publish(tmp_path / "gate", "run-1", _approved(document(failing=True)))
