"""OSCAL: read back by compliance-trestle's own reader; findings, their falsification, risks and what is to be done."""

from __future__ import annotations

from pathlib import Path

import pytest
from trestle.common.model_utils import ModelUtils
from trestle.core.base_model import OscalBaseModel
from trestle.oscal.assessment_results import AssessmentResults, Result
from trestle.oscal.common import Observation
from trestle.oscal.poam import PlanOfActionAndMilestones

from reports.document import ReportDocument
from reports.render.formats.oscal.parts import OSCAL_VERSION, token
from suites.unit.reports.export_samples import Exporter, mixed
from suites.unit.reports.report_samples import BROKEN, FINE, document

pytestmark = pytest.mark.unit


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


def _results(exporter: Exporter, made: ReportDocument) -> AssessmentResults:
    path = exporter.directory / "results.oscal.json"
    path.write_bytes(exporter.export(made, "oscal"))
    read = AssessmentResults.oscal_read(path)
    assert isinstance(read, AssessmentResults)
    return read


def _plan(exporter: Exporter, made: ReportDocument) -> PlanOfActionAndMilestones:
    path = exporter.directory / "plan.oscal.json"
    path.write_bytes(exporter.export(made, "oscal-poam"))
    read = PlanOfActionAndMilestones.oscal_read(path)
    assert isinstance(read, PlanOfActionAndMilestones)
    return read


def _props(part: Observation) -> dict[str, str]:
    return {prop.name: prop.value for prop in part.props or []}


def _only(made: AssessmentResults) -> Result:
    (result,) = made.results
    return result


def _unresolved(model: OscalBaseModel) -> set[str]:
    """UUIDs that are referred to and belong to nothing."""
    known = set(ModelUtils.find_values_by_name(model, "uuid"))
    named = ("observation_uuid", "risk_uuid", "subject_uuid", "finding_uuid")
    return {reference for name in named for reference in ModelUtils.find_values_by_name(model, name)} - known


def test_the_reader_refuses_what_is_no_oscal(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"assessment-results": {"uuid": "1"}}')
    with pytest.raises(Exception, match="metadata"):
        AssessmentResults.oscal_read(path)


def test_every_finding_and_every_self_proof_is_an_observation(exporter: Exporter) -> None:
    made = mixed()
    observations = _only(_results(exporter, made)).observations or []
    first = [seen for seen in observations if _props(seen)["check"] == "room/legacy_protocols_refused"]
    assert [(seen.description, _props(seen).get("ok"), _props(seen).get("proven")) for seen in first] == [
        (f"{FINE.subject}: {FINE.message}", "true", None),
        (f"{BROKEN.subject}: {BROKEN.message}", "false", None),
        (first[2].description, None, "true"),
        (first[3].description, None, "true"),
    ]
    assert "edge_offering_tls11" in first[2].description + first[3].description
    assert len(observations) == sum(max(len(c.findings), 1) for c in made.checks) + len(made.selfproof)


def test_a_control_is_satisfied_only_where_all_of_it_is_green(exporter: Exporter) -> None:
    findings = _only(_results(exporter, mixed())).findings or []
    states = {finding.target.target_id: finding.target.status for finding in findings}
    assert {name: status.state.value for name, status in states.items() if status} == {
        "hipaa-164.312-e-1": "not-satisfied",
        "hipaa-164.312-b": "not-satisfied",
        **{token(control.id): "satisfied" for control in mixed().controls if control.status.value == "PASS"},
    }
    green = _only(_results(exporter, document("run-2"))).findings or []
    assert {finding.target.status.state.value for finding in green if finding.target.status} == {"satisfied"}


def test_what_is_not_green_is_a_risk_and_a_waiver_approves_it_for_a_time(exporter: Exporter) -> None:
    risks = {risk.title: risk for risk in _only(_results(exporter, mixed())).risks or []}
    assert set(risks) == {
        "room/legacy_protocols_refused is FAIL",
        "room/hsts_sent is FAIL",
        "room/could_not_look is UNKNOWN",
        "room/crashed is UNKNOWN",
        "room/waived is WAIVED",
    }
    waived = risks["room/waived is WAIVED"]
    assert (waived.status.model_dump(), f"{waived.deadline:%Y-%m-%d}") == ("deviation-approved", "2027-01-20")
    failed = risks["room/legacy_protocols_refused is FAIL"]
    assert (failed.status.model_dump(), failed.deadline) == ("open", None)
    assert [response.description for response in failed.remediations or []] == [BROKEN.remedy]


def test_the_plan_has_an_item_for_each_check_that_is_not_green(exporter: Exporter) -> None:
    plan = _plan(exporter, mixed())
    assert len(plan.poam_items) == len(plan.risks or []) == 5
    assert all(item.related_risks and item.related_observations for item in plan.poam_items)


def test_where_all_is_green_there_is_nothing_to_plan(exporter: Exporter) -> None:
    done = exporter.run(exporter.publish(document()).folder, "oscal-poam")
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert "there is nothing to plan: every check of run run-1 that applies is green" in done.stderr


def test_references_resolve_and_no_uuid_stands_twice(exporter: Exporter) -> None:
    results, plan = _results(exporter, mixed("run-1")), _plan(exporter, mixed("run-2"))
    documents: tuple[AssessmentResults | PlanOfActionAndMilestones, ...] = (results, plan)
    for read in documents:
        assert _unresolved(read) == set()
        assert ModelUtils.has_no_duplicate_values_by_name(read, "uuid")
        assert read.metadata.oscal_version.model_dump() == OSCAL_VERSION


def test_an_id_of_a_control_becomes_one_that_oscal_can_hold() -> None:
    assert token("hipaa:164.312(a)(2)(iv)") == "hipaa-164.312-a-2-iv"
    identities = [control.id for control in mixed().controls]
    assert len({token(identity) for identity in identities}) == len(identities)
