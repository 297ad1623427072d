"""What an application lists of itself, and no line of its description names, is a finding; the rest is not."""

from __future__ import annotations

import pytest

from checks.access.role_matrix_enforced import role_matrix_enforced
from checks.application import Application, LogIn, Request
from checks.model import CannotLookError
from checks.targets import Operation
from fixtures.application.connections import HttpEndpoint
from fixtures.targets.api.target import ApiTarget, HarnessAccounts
from suites.unit.application.clinic import NURSE, Answer, Asked, clinic
from suites.unit.rules.small_clinic import PHYSICIAN, SmallClinic


def test_an_operation_that_no_act_names_is_a_finding() -> None:
    """By method and path, whatever its placeholders are called; those that acts name hold."""
    api = SmallClinic([PHYSICIAN])
    api.documented = (
        Operation("GET", "/patients"),
        Operation("GET", "/patients/{id}"),
        Operation("DELETE", "/patients/{id}"),
        Operation("GET", "/patients/{id}/notes"),
    )
    found = {f.subject: f.ok for f in role_matrix_enforced(api) if f.subject.startswith("operation ")}
    assert found == {
        "operation GET /patients": True,
        "operation GET /patients/{id}": True,
        "operation DELETE /patients/{id}": False,
        "operation GET /patients/{id}/notes": False,
    }


@pytest.mark.parametrize(
    ("path", "template", "same"),
    [
        ("/a/{patient}", "/a/{id}", True),
        ("/a/{patient}?limit=1", "/a/{id}", True),
        ("/a/now", "/a/{id}", True),
        ("/a/b/c", "/a/{id}", False),
        ("/a.b", "/axb", False),
        ("/a/", "/a", True),
    ],
)
def test_a_request_is_of_an_operation_by_its_path(path: str, template: str, same: bool) -> None:  # noqa: FBT001
    assert Request("GET", path).is_one_of("GET", template) is same
    assert not Request("GET", path).is_one_of("PUT", template)


def test_the_document_is_read_from_the_application() -> None:
    """As somebody, where nobody may read it; below the application's own base URL."""
    document = {"openapi": "3.1.0", "servers": [{"url": "/v2"}], "paths": {"/patients/{patientId}": {"get": {}}}}

    def answer(asked: Asked) -> Answer:
        return Answer(json=document) if "authorization" in asked.headers else Answer(401)

    with clinic(answer) as server:
        assert [str(each) for each in _api(f"{server.base_url}/v2").operations()] == ["GET /patients/{patient_id}"]


@pytest.mark.parametrize("answer", [Answer(404), Answer(json={}), Answer(json={"openapi": "3.1.0", "paths": {}})])
def test_a_document_that_lists_nothing_is_no_proof(answer: Answer) -> None:
    """Nothing was compared then."""
    with clinic(lambda _: answer) as server, pytest.raises(CannotLookError, match=r"openapi\.json|OpenAPI document"):
        _api(server.base_url).operations()


def _api(base_url: str) -> ApiTarget:
    application = Application(name="clinic", log_in=LogIn("basic"), openapi=Request("GET", "/openapi.json"))
    return ApiTarget(application, HttpEndpoint(base_url), HarnessAccounts([NURSE]))
