"""The decision as statements that other people's policy engines read: in-toto test-result, SLSA VSA, in-toto SVR.

Each is about the same subject as the report. Only an approval passes: what is approved under conditions is a warning
where a format has one, and a failure where it has none.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
https://slsa.dev/spec/v1.0/verification_summary
https://github.com/in-toto/attestation/blob/main/spec/predicates/svr.md
"""

from __future__ import annotations

from urllib.parse import quote

from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement as ProtocolStatement

from checks.model import Status
from reports.document import canonical
from reports.records import Verdict
from reports.render.formats.errors import FormatError
from reports.render.formats.json_text import zulu
from reports.sign import ENVELOPE
from reports.statement import STATEMENT_TYPE
from reports.verify import Verified

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
VSA = "https://slsa.dev/verification_summary/v1"
SVR = "https://in-toto.io/attestation/svr/v0.1"
_VERIFIER = "https://github.com/clinical-gate/clinical-gate/v"
_RESULTS = {Verdict.APPROVED: "PASSED", Verdict.CONDITIONAL: "WARNED", Verdict.REJECTED: "FAILED"}

_Json = dict[str, object]


def test_result(found: Verified) -> bytes:
    """A test per check that applies; what is waived is a warning, and UNKNOWN a failure."""
    checks = found.document.checks
    failed = (Status.FAIL, Status.UNKNOWN)
    predicate: _Json = {
        "result": _RESULTS[found.document.decision],
        "configuration": [_policy(found), _report(found)],
        "passedTests": [check.id for check in checks if check.status is Status.PASS],
        "warnedTests": [check.id for check in checks if check.status is Status.WAIVED],
        "failedTests": [check.id for check in checks if check.status in failed],
    }
    return _statement(found, TEST_RESULT, predicate)


def vsa(found: Verified) -> bytes:
    """A verification summary: PASSED only where the decision is APPROVED. It claims no level of SLSA."""
    identity = found.document.identity
    approved = found.document.decision is Verdict.APPROVED
    predicate: _Json = {
        "verifier": {"id": _verifier(found)},
        "timeVerified": zulu(identity.ended),
        "resourceUri": f"urn:clinical-gate:target:{quote(identity.name, safe='')}",
        "policy": {"uri": _policy_uri(found), "digest": {"sha256": identity.policy_digest}},
        "inputAttestations": [{"uri": ENVELOPE, "digest": {"sha256": found.digest}}],
        "verificationResult": "PASSED" if approved else "FAILED",
        "verifiedLevels": [f"CLINICAL_GATE_{identity.kind.upper()}_APPROVED" if approved else "FAILED"],
        "slsaVersion": "1.0",
    }
    return _statement(found, VSA, predicate)


def svr(found: Verified) -> bytes:
    """What was verified: the approval, each gate where all that applies is green, and each control that holds.

    Raises:
        FormatError: nothing holds, and a verification result states only what does.
    """
    identity = found.document.identity
    properties = [f"CLINICAL_GATE_{identity.kind.upper()}_APPROVED"] * (found.document.decision is Verdict.APPROVED)
    properties += [
        f"CLINICAL_GATE_{gate.gate.value.upper()}" for gate in found.document.gates if gate.status is Status.PASS
    ]
    properties += [
        f"CLINICAL_GATE_CONTROL_{control.id}"
        for control in found.document.controls
        if control.covered and control.status is Status.PASS
    ]
    if not properties:
        msg = f"run {identity.run_id} verified nothing that holds, and an SVR states only what does"
        raise FormatError(msg)
    predicate: _Json = {
        "verifier": {"id": _verifier(found), "policy": _policy(found)},
        "timeCreated": zulu(identity.ended),
        "properties": properties,
    }
    return _statement(found, SVR, predicate)


def _statement(found: Verified, predicate_type: str, predicate: _Json) -> bytes:
    """Canonical JSON, valid by in-toto's own definition of a statement."""
    identity = found.document.identity
    value = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": identity.name, "digest": {"sha256": identity.digest}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    ProtocolStatement.copy_from_pb(json_format.ParseDict(value, ProtocolStatement([], "", {}).pb)).validate()
    return canonical(value)


def _verifier(found: Verified) -> str:
    return f"{_VERIFIER}{found.document.identity.harness_version}"


def _policy_uri(found: Verified) -> str:
    return f"urn:clinical-gate:policy:{quote(found.document.identity.policy, safe='')}"


def _policy(found: Verified) -> _Json:
    identity = found.document.identity
    return {"name": identity.policy, "uri": _policy_uri(found), "digest": {"sha256": identity.policy_digest}}


def _report(found: Verified) -> _Json:
    return {"name": ENVELOPE, "digest": {"sha256": found.digest}}
