"""Statements for policy engines: signed, about the report's subject, and valid by in-toto's own definitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2
from securesystemslib.dsse import Envelope

from checks.model import Status
from reports.document import ReportDocument, canonical
from reports.envelope import exact
from reports.history import UnsignedEntry
from reports.keys import load_public
from reports.records import Verdict
from reports.render.formats.table import STATEMENTS
from suites.unit.reports.board_samples import report_of
from suites.unit.reports.export_samples import Exporter, mixed
from suites.unit.reports.report_samples import END, document

pytestmark = pytest.mark.unit


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


def _statement(exporter: Exporter, made: ReportDocument, name: str) -> Any:  # noqa: ANN401  JSON
    """What securesystemslib reads from the envelope, once the signature holds."""
    content = exporter.export(made, name, "--signing-key", str(exporter.private))
    envelope = Envelope.from_dict(json.loads(content))
    envelope.verify([load_public(exporter.public)], 1)
    assert exact(content, name).payload == envelope.payload
    assert envelope.payload_type == "application/vnd.in-toto+json"
    statement = json.loads(envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": made.identity.name, "digest": {"sha256": made.identity.digest}}]
    return statement


def _parsed(predicate: Any, message: Message) -> Any:  # noqa: ANN401  JSON in, a message of Google's out
    return json_format.ParseDict(predicate, message)


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (document(), "PASSED"),
        (report_of(others=Status.FAIL, ended=END), "WARNED"),
        (mixed(), "FAILED"),
    ],
    ids=[Verdict.APPROVED, Verdict.CONDITIONAL, Verdict.REJECTED],
)
def test_a_test_result_is_what_was_decided(exporter: Exporter, made: ReportDocument, outcome: str) -> None:
    statement = _statement(exporter, made, "test-result")
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    read = _parsed(statement["predicate"], test_result_pb2.TestResult())
    assert read.result == outcome
    assert read.configuration[0].digest["sha256"] == made.identity.policy_digest
    named = [*read.passed_tests, *read.warned_tests, *read.failed_tests]
    assert sorted(named) == sorted(c.id for c in made.checks if c.status is not Status.NOT_APPLICABLE)


def test_what_is_unknown_is_a_failed_test_and_what_is_waived_a_warned_one(exporter: Exporter) -> None:
    predicate = _statement(exporter, mixed(), "test-result")["predicate"]
    assert predicate["warnedTests"] == ["room/waived"]
    assert predicate["failedTests"] == [
        "room/legacy_protocols_refused",
        "room/hsts_sent",
        "room/could_not_look",
        "room/crashed",
    ]


@pytest.mark.parametrize(
    ("made", "outcome", "level"),
    [
        (document(), "PASSED", "CLINICAL_GATE_GATE_APPROVED"),
        (document(kind="drill"), "PASSED", "CLINICAL_GATE_DRILL_APPROVED"),
        (report_of(others=Status.FAIL, ended=END), "FAILED", "FAILED"),
        (mixed(), "FAILED", "FAILED"),
    ],
    ids=["approved", "drill", "conditional", "rejected"],
)
def test_a_verification_summary_passes_only_an_approval(
    exporter: Exporter, made: ReportDocument, outcome: str, level: str
) -> None:
    statement = _statement(exporter, made, "vsa")
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    predicate = statement["predicate"]
    assert predicate["verifiedLevels"] == [level]
    # SLSA 1.0 says that it is a list; the definition in in_toto_attestation 0.9.3 has one string.
    read = _parsed(predicate | {"verifiedLevels": level}, vsa_pb2.VerificationSummary())
    assert read.verification_result == outcome
    assert read.time_verified.ToDatetime(END.tzinfo) == made.identity.ended.replace(
        microsecond=made.identity.ended.microsecond // 1000 * 1000
    )
    assert read.policy.digest["sha256"] == made.identity.policy_digest


def test_a_verification_summary_names_the_report_that_it_sums_up(exporter: Exporter) -> None:
    report = exporter.publish(document(name="St. Jude/1"))
    done = exporter.run(report.folder, "vsa", "--signing-key", str(exporter.private))
    predicate = json.loads(Envelope.from_dict(json.loads(done.stdout_bytes)).payload)["predicate"]
    assert predicate["inputAttestations"] == [
        {"uri": "report.dsse.json", "digest": {"sha256": report.verified.digest}},
    ]
    assert predicate["resourceUri"] == "urn:clinical-gate:target:St.%20Jude%2F1"


def test_a_simple_verification_result_states_what_holds(exporter: Exporter) -> None:
    statement = _statement(exporter, document("run-1"), "svr")
    assert statement["predicateType"] == "https://in-toto.io/attestation/svr/v0.1"
    predicate = statement["predicate"]
    assert predicate["properties"] == [
        "CLINICAL_GATE_GATE_APPROVED",
        "CLINICAL_GATE_SECURITY",
        "CLINICAL_GATE_COMPLIANCE",
        "CLINICAL_GATE_CONTROL_hipaa:164.312(b)",
        "CLINICAL_GATE_CONTROL_hipaa:164.312(e)(1)",
    ]
    assert predicate["timeCreated"] == "2026-11-21T01:23:12.000Z"
    assert set(predicate) == {"verifier", "timeCreated", "properties"}
    rejected = _statement(exporter, mixed("run-2"), "svr")["predicate"]["properties"]
    assert "CLINICAL_GATE_COMPLIANCE" in rejected
    assert not {"CLINICAL_GATE_GATE_APPROVED", "CLINICAL_GATE_SECURITY"} & set(rejected)


def test_where_nothing_holds_there_is_no_simple_verification_result(exporter: Exporter) -> None:
    made = report_of(critical=Status.FAIL, others=Status.FAIL)
    done = exporter.run(exporter.publish(made).folder, "svr", "--signing-key", str(exporter.private))
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert "run run-1 verified nothing that holds" in done.stderr


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_the_same_report_and_key_give_the_same_bytes(exporter: Exporter, name: str) -> None:
    folder = exporter.publish(mixed()).folder
    first, again = (exporter.run(folder, name, "--signing-key", str(exporter.private)) for _ in range(2))
    assert first.stdout_bytes == again.stdout_bytes != b""


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_needs_a_key_to_sign_with(exporter: Exporter, name: str) -> None:
    done = exporter.run(exporter.publish(document()).folder, name)
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert f"a {name} is signed: give --signing-key KEY" in done.stderr


def test_what_is_not_signed_takes_no_key(exporter: Exporter) -> None:
    done = exporter.run(exporter.publish(document()).folder, "csv", "--signing-key", str(exporter.private))
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert "a csv file is not signed" in done.stderr


def test_a_key_that_others_can_read_signs_nothing(exporter: Exporter) -> None:
    folder = exporter.publish(document()).folder
    exporter.private.chmod(0o644)
    done = exporter.run(folder, "vsa", "--signing-key", str(exporter.private))
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert "can be read by others" in done.stderr


@pytest.mark.parametrize("name", sorted(STATEMENTS))
@pytest.mark.parametrize(("unsigned", "code"), [(False, 1), (True, 3)])
def test_of_a_report_that_nobody_knows_to_be_the_newest_nothing_is_signed(
    exporter: Exporter, name: str, code: int, *, unsigned: bool
) -> None:
    """Its history is missing, or is of before its lines were signed."""
    folder = exporter.publish(document()).folder
    history = folder.parent / "history.jsonl"
    entry = json.loads(history.read_bytes().splitlines()[-1])
    history.unlink()
    if unsigned:
        history.write_bytes(
            canonical({name: entry[name] for name in UnsignedEntry.model_fields} | {"chain": ""}) + b"\n"
        )
    output = exporter.directory / "statement"
    done = exporter.run(folder, name, "--signing-key", str(exporter.private), "--output", str(output))
    assert (done.exit_code, done.stdout_bytes, output.exists()) == (code, b"", False), done.output
    assert ("UNKNOWN whether it is the newest" if unsigned else "DOES NOT HOLD: history missing") in done.stderr
