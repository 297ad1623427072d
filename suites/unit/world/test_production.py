"""A production system is looked at and never harmed: what would harm it is refused before anything is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.application import Request
from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import CannotLookError, NotDeclaredError, Result, Status
from checks.policy import load_policy
from checks.targets import Api, Backups, Canary, Federation, Loads, Mechanism
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.stack.certificates import CertificateAuthority
from suites.unit.application.clinic import NURSE, Answer, Asked, Clinic, clinic

CLERK = NURSE.model_copy(update={"username": "clerk.a", "role": "clerk"})
APPLICATION = """
name = "clinic"
[log_in]
kind = "json"
request = { method = "POST", path = "/in", json = { u = "{username}", p = "{password}" } }
whoami = "GET /me"
[roles]
nurse = "nurse"
clerk = "admin"
[nobody]
patient = "nobody"
[[act]]
name = "list patients"
request = "GET /patients"
roles = ["nurse"]
yields = { patient = "/0" }
[[act]]
name = "erase patient"
request = "DELETE /patients/{patient}"
roles = ["clerk"]
writes = true
[[act]]
name = "register patient"
request = { method = "POST", path = "/patients", json = { name = "{name}" } }
roles = ["clerk"]
writes = true
[[act]]
name = "chat"
request = { method = "POST", path = "/chat", json = { prompt = "{prompt}" } }
inert = { method = "POST", path = "/chat", json = {} }
roles = ["nurse"]
writes = true
[administration]
role = "clerk"
create = { method = "POST", path = "/users", json = { name = "{username}", secret = "{password}" } }
remove = "DELETE /users/{username}"
"""
NODE = """
[aggregates]
role = "nurse"
count = "GET /count"
[[aggregates.node]]
kind = "counts"
request = "GET /nobody"
"""
FEDERATION = {"nodes": ["https://127.0.0.1:1"], "certificate": "/nowhere/c", "key": "/nowhere/k", "ca": "/nowhere/a"}


class WardServer:
    """Sessions by token; everybody may do what the description says, and one thing more where told."""

    def __init__(self, more: tuple[str, str] = ("", "")) -> None:
        self._may = {("nurse", "/patients"), ("nurse", "/chat"), more}

    def __call__(self, asked: Asked) -> Answer:
        """See `suites.unit.application.clinic.clinic`."""
        if asked.path == "/in":
            said = asked.table()
            return Answer(json={"access_token": said["u"]}) if said["p"] == NURSE.password else Answer(401)
        role = asked.headers.get("authorization", "").removeprefix("Bearer ").partition(".")[0]
        if not role:
            return Answer(401)
        return Answer(json=["p1"]) if asked.path == "/me" or (role, asked.path) in self._may else Answer(403)


def deployment_of(folder: Path, server: Clinic | None = None, **sections: object) -> Deployment:
    authority, file = CertificateAuthority(folder / "ca"), folder / "application.toml"
    file.write_text(APPLICATION)
    described = {"name": "ward", "application": file, "trust": {"ca": authority.certificate}} | sections
    if server is not None:
        described["api"] = {"base_url": server.base_url, "accounts": [NURSE.model_dump(), CLERK.model_dump()]}
    return Deployment(TargetFile.model_validate(described | sections))


def _api(deployment: Deployment) -> Api:
    found = deployment.find(Api)
    assert isinstance(found, Api)
    return found


def test_what_nobody_says_anything_of_serves_patients() -> None:
    """The environment of a target file without one."""
    assert TargetFile(name="mine").environment == "production"


@pytest.mark.parametrize(
    ("deed", "part"),
    [
        (lambda api: api.new_account("nurse", "a"), "writes"),
        (lambda api: api.send(api.application.act("erase patient").harmless({"patient": "nobody"})), "writes"),
        (lambda api: api.send(api.application.act("register patient").harmless({})), "writes"),
        (lambda api: api.login(api.accounts()[0], password="wrong"), "lockout"),  # noqa: S106  it is
        (lambda api: api.login(api.accounts()[0], code=""), "lockout"),
    ],
)
def test_nothing_is_written_and_nobody_locked_out(tmp_path: Path, deed: Callable[[Api], object], part: str) -> None:
    """To a staging system the same is done; to this one nothing was sent."""
    with clinic(WardServer()) as server:
        with pytest.raises(NotDeclaredError, match="ward is a production system: gate its staging twin") as refused:
            deed(_api(deployment_of(tmp_path, server)))
        assert (refused.value.part, server.asked) == (part, [])
        with contextlib.suppress(CannotLookError):  # this clinic makes no accounts
            deed(_api(deployment_of(tmp_path, server, environment="staging")))
        assert server.asked


def test_what_changes_nothing_is_sent(tmp_path: Path) -> None:
    """An act that reads, and what an act that writes says is inert."""
    with clinic(WardServer()) as server:
        api = _api(deployment_of(tmp_path, server))
        nurse = api.accounts()[0]
        sent = [api.application.act("list patients").request, api.application.act("chat").harmless({})]
        assert [api.send(request, account=nurse).status for request in sent] == [200, 200]
    assert server.paths() == ["POST /in", "GET /patients", "POST /chat"]


@pytest.mark.parametrize(("environment", "most"), [("production", 2), ("staging", 3)])
def test_an_account_whose_secrets_are_wrong_is_left_alone(tmp_path: Path, environment: str, most: int) -> None:
    """Before it is locked, however many checks would log in as it."""
    wrong = NURSE.model_copy(update={"password": "outdated"}).model_dump()
    with clinic(WardServer()) as server:
        section = {"base_url": server.base_url, "accounts": [wrong]}
        api = _api(deployment_of(tmp_path, api=section, environment=environment))
        nurse, refused = api.accounts()[0], []
        for _ in range(5):
            with pytest.raises(CannotLookError) as problem:
                api.send(Request("GET", "/patients"), account=nurse)
            refused.append(str(problem.value))
    assert server.paths() == ["POST /in"] * most
    assert refused[most].startswith(f"nurse.a was refused {most} times in a row with the secrets")


def _matrix(folder: Path, server: Clinic, may_lack: tuple[str, ...] = ()) -> Result:
    policy = load_policy("default").model_copy(update={"may_lack": may_lack})
    absent = {"writes": "patients are treated with it"} if may_lack else {}
    rule, deployment = read("access/role_matrix_enforced"), deployment_of(folder, server)
    return evaluate(rule, deployment.find, policy, target="ward", absent=absent)


def test_the_role_matrix_is_looked_at_as_far_as_nothing_is_written(tmp_path: Path) -> None:
    """The rest is named, and is no PASS unless description and policy both say so; a fault that shows is one."""
    with clinic(WardServer()) as server:
        seen, excused = _matrix(tmp_path, server), _matrix(tmp_path, server, may_lack=("writes",))
    with clinic(WardServer(more=("clerk", "/patients"))) as broken:
        failed = _matrix(tmp_path, broken, may_lack=("writes",))
    assert {asked.method + asked.path for asked in server.asked} == {"POST/in", "GET/patients", "POST/chat"}
    untried = "erase patient, register patient: DELETE /patients/nobody writes to it, and ward is a production system"
    assert (seen.status, seen.explanation.startswith(untried), len(seen.findings)) == (Status.UNKNOWN, True, 6)
    assert excused.status is Status.PASS
    assert excused.explanation.startswith(f"looked at in part ({untried}")
    assert excused.explanation.endswith("the deployment says that it bears no writes: patients are treated with it")
    assert [finding.subject for finding in failed.broken] == ["clerk: list patients"]
    assert failed.status is Status.FAIL


@pytest.mark.parametrize(("kind", "part"), [(Canary, "writes"), (Backups, "writes"), (Loads, "load")])
def test_nothing_is_written_broken_or_strained(tmp_path: Path, kind: type, part: str) -> None:
    """Also on a reference stack of this machine, where all of that could be done."""
    with (
        clinic(WardServer()) as server,
        pytest.raises(NotDeclaredError, match="ward is a production system") as refused,
    ):
        deployment_of(tmp_path, server, run="mine").find(kind)
    assert (refused.value.part, server.asked) == (part, [])


def test_hospital_nodes_are_not_strained(tmp_path: Path) -> None:
    """Hundreds of queries are load, for which nobody stated a rate; a count of patients is a release."""
    sections = {"federation": FEDERATION, "privacy": {"configurations": []}}
    with clinic(WardServer()) as server:
        deployment = deployment_of(tmp_path, server, **sections)
        federation = deployment.find(Federation)
        assert isinstance(federation, Federation)
        with pytest.raises(NotDeclaredError, match="a count of its patients") as release:
            federation.contact("with-certificate")
        file = tmp_path / "application.toml"
        file.write_text(APPLICATION + NODE)
        mechanism = Deployment(deployment.target).find(Mechanism)
        assert isinstance(mechanism, Mechanism)
        for ask in (mechanism.sample, mechanism.sample_each):
            with pytest.raises(NotDeclaredError, match="hundreds of queries") as strain:
                ask(64, 1)
            assert strain.value.part == "load"
    assert (release.value.part, server.asked) == ("writes", [])
