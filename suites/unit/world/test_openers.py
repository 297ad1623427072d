"""A deployment opens what its target file declares, says which lines are missing, and whether each part can be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from checks.application import Json
from checks.catalogue import catalogue
from checks.model import CannotLookError, Reason
from checks.targets import Api, Canary, Edge, Hosts, Loads, Monitoring
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.openers import OPENERS
from fixtures.deployment.reachability import Reached, reachability
from fixtures.deployment.target_file import TargetError, TargetFile, read_target, required_keys
from fixtures.stack.certificates import CertificateAuthority
from suites.unit.application.clinic import NURSE, Answer, Asked, clinic

CLOSED = "127.0.0.1:1"
SECTIONS: Mapping[str, Mapping[str, Json]] = {
    "edge": {"https": CLOSED, "server_name": "clinic.test"},
    "api": {"base_url": f"https://{CLOSED}", "accounts": [NURSE.model_dump()]},
    "database": {"hosts": [CLOSED], "name": "d", "user": "u", "password": "p", "application_role": "app"},
    "cache": {"nodes": [CLOSED], "username": "u", "password": "p"},
    "inference": {"servers": [f"https://{CLOSED}"]},
    "monitoring": {"prometheus": f"https://{CLOSED}"},
    "privacy": {"configurations": ["/nowhere/settings.toml"]},
    "federation": {
        "nodes": [f"https://{CLOSED}"],
        "certificate": "/nowhere/c",
        "key": "/nowhere/k",
        "ca": "/nowhere/a",
    },
    "backups": {"configuration": "/nowhere/pgbackrest.conf", "stanza": "main"},
    "hosts": {"private_keys": ["/nowhere/key.pem"]},
    "containers": {"project": "nowhere"},
}
APPLICATION = """
name = "clinic"
[log_in]
kind = "json"
request = { method = "POST", path = "/login", json = { u = "{username}", p = "{password}" } }
"""


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "ca")


def _deployment(authority: CertificateAuthority, text: str = APPLICATION, /, **sections: object) -> Deployment:
    file = authority.certificate.parent / "application.toml"
    file.write_text(text)
    described = {"name": "mine", "environment": "test", "application": file, "trust": {"ca": authority.certificate}}
    return Deployment(TargetFile.model_validate(described | sections))


def _reached(deployment: Deployment) -> Mapping[str, Reached]:
    with closing(deployment):
        return reachability(deployment)


def test_whatever_a_rule_looks_through_can_be_opened() -> None:
    """And nothing else is in the table; a section has one opener."""
    assert {kind for rule in catalogue() for _, kind in rule.needs} == set(OPENERS)
    sections = [opener.section for opener in OPENERS.values() if opener.section]
    assert sorted(sections) == sorted(set(sections)) == sorted(SECTIONS)


@pytest.mark.parametrize("kind", OPENERS)
def test_what_is_not_declared_says_which_lines_to_add(kind: type) -> None:
    """Typed, so that the check is UNKNOWN for want of a declaration; nothing is looked at."""
    with pytest.raises(CannotLookError) as missing:
        Deployment(TargetFile(name="mine")).find(kind)
    assert missing.value.reason is Reason.NOT_DECLARED
    if section := OPENERS[kind].section:
        keys = ", ".join(required_keys(section))
        assert str(missing.value) == f"the target file has no [{section}] section: add one with {keys}"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_keys_that_are_named_are_those_that_it_cannot_be_without(section: str) -> None:
    """With them it is complete, and without any of them it is not."""
    complete = SECTIONS[section]
    assert set(required_keys(section)) == set(complete)
    assert TargetFile.model_validate({"name": "mine", section: complete})
    for key in complete:
        with pytest.raises(ValueError, match=section):
            TargetFile.model_validate({"name": "mine", section: {k: v for k, v in complete.items() if k != key}})


def test_a_canary_needs_its_section_or_a_reference_stack(authority: CertificateAuthority) -> None:
    """However much else is declared."""
    with pytest.raises(CannotLookError, match=r"has no \[canary\] section: add one with places"):
        _deployment(authority, **SECTIONS).find(Canary)
    with pytest.raises(CannotLookError, match="run gone is not up on this machine"):
        _deployment(authority, run="gone", **SECTIONS).find(Canary)


def test_a_target_is_opened_once(authority: CertificateAuthority) -> None:
    """What was seen through it is kept; without authorities nothing that is verified is opened."""
    deployment = _deployment(authority, environment="test", **SECTIONS)
    for kind in (Edge, Api, Monitoring, Loads):
        assert deployment.find(kind) is deployment.find(kind)
    deployment.close()
    with pytest.raises(CannotLookError, match=r"no \[trust\] section: add one with ca"):
        Deployment(TargetFile.model_validate({"name": "mine", "edge": SECTIONS["edge"]})).find(Edge)


def test_every_part_that_cannot_be_used_is_listed(authority: CertificateAuthority) -> None:
    """All of them at once, each with its reason, and what is not declared likewise; never an error."""
    states = _reached(_deployment(authority, **SECTIONS))
    assert set(states) == {*SECTIONS, "loads", "canary", "drills", "restoredrills"}
    assert {section for section, state in states.items() if state.declared} == {*SECTIONS, "loads"}
    assert [section for section, state in states.items() if not state.problem] == []
    nothing = _reached(Deployment(TargetFile(name="mine"))).values()
    assert [state for state in nothing if state.declared or not state.problem] == []


def test_an_application_that_is_down_behind_a_living_proxy_is_not_reached(authority: CertificateAuthority) -> None:
    """Nor is one that lets one of the accounts in and another not: each is named."""
    other = NURSE.model_copy(update={"username": "nurse.b", "password": "wrong"})

    def with_accounts(url: str) -> str:
        api = {"base_url": url, "accounts": [NURSE.model_dump(), other.model_dump()]}
        return _reached(_deployment(authority, api=api))["api"].problem

    def lets_in(asked: Asked) -> Answer:
        good = asked.table()["p"] == NURSE.password
        return Answer(json={"access_token": "t"}) if good else Answer(401)

    with clinic(lambda _: Answer(502)) as server:
        assert with_accounts(server.base_url) == "these accounts cannot log in: nurse.a, nurse.b (HTTP 502)"
    with clinic(lets_in) as server:
        assert with_accounts(server.base_url) == "these accounts cannot log in: nurse.b (HTTP 401)"


@pytest.mark.parametrize("log_in", ['kind = "basic"', 'kind = "basic"\nwhoami = "GET /me"'])
def test_an_application_that_is_never_asked_to_log_anybody_in_is_asked_for_something(
    authority: CertificateAuthority, log_in: str
) -> None:
    """A password that goes with every request is sent before anything is said of it; and a page is asked for."""
    for answer, said in ((Answer(502), "502"), (Answer(503), "503"), (Answer(), "")):
        with clinic(lambda _, answer=answer: answer) as server:  # type: ignore[misc]
            api = {"base_url": server.base_url, "accounts": [NURSE.model_dump()]}
            deployment = _deployment(authority, f'name = "clinic"\n[log_in]\n{log_in}\n', api=api)
            problem = _reached(deployment)["api"].problem
        assert said in problem
        assert bool(problem) == bool(said)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(json={}), "/api/v1/rules does not answer as Prometheus does"),
        (Answer(json=[]), "/api/v1/rules does not answer as Prometheus does"),
        (Answer(json={"status": "success", "data": {"groups": 5}}), "does not answer as Prometheus does"),
        (Answer(), "/api/v1/rules answers with no JSON"),
        (Answer(503), "/api/v1/rules answers 503"),
        (Answer(json={"data": {"groups": [{}]}}), "/api/v1/rules does not answer as Prometheus does"),
        (Answer(json={"data": {"groups": ["a"]}}), "/api/v1/rules does not answer as Prometheus does"),
        (Answer(json={"data": {"groups": [{"rules": [{"alert": "a"}]}]}}), "does not answer as Prometheus does"),
        (Answer(json={"data": {"groups": []}}), ""),
    ],
)
def test_what_stands_in_prometheus_place_is_told_from_it(
    authority: CertificateAuthority, answer: Answer, reason: str
) -> None:
    """By one sentence."""
    with clinic(lambda _: answer) as server:
        urls = dict.fromkeys(("prometheus", "receiver"), server.base_url)
        problem = _reached(_deployment(authority, monitoring=urls))["monitoring"].problem
    assert problem.endswith(reason)
    assert bool(problem) == bool(reason)


def test_a_model_server_that_does_not_generate_is_named(authority: CertificateAuthority) -> None:
    """It may be healthy all the same."""

    def answers(asked: Asked) -> Answer:
        return Answer() if asked.path == "/health" else Answer(json={"choices": []})

    with clinic(answers) as server:
        problem = _reached(_deployment(authority, inference={"servers": [server.base_url]}))["inference"].problem
    assert re.fullmatch(r"127\.0\.0\.1:\d+: its completion is not understood: IndexError: .*", problem)


def test_a_file_that_can_be_looked_at_is_reached(authority: CertificateAuthority) -> None:
    """The probe of a section passes where there is nothing to say."""
    key = authority.certificate.parent / "ca.key"
    deployment = _deployment(authority, hosts={"private_keys": [key]})
    assert deployment.find(Hosts)
    assert _reached(deployment)["hosts"] == Reached(declared=True)


def test_what_makes_it_this_deployment_names_no_address(authority: CertificateAuthority) -> None:
    """Its parts and its name; of a target that somebody wrote also the digest of what was written."""
    facts = _deployment(authority, **SECTIONS).facts()
    identity = facts.pop("identity")
    assert facts == {**dict.fromkeys(SECTIONS, "True"), "server_name": "clinic.test"}
    assert re.fullmatch(r"[0-9a-f]{64}", identity)
    assert "identity" not in _deployment(authority, run="mine", **SECTIONS).facts()


@pytest.mark.parametrize(
    ("prefix", "addresses"),
    [
        ("10.1.2.0/24", ["10.1.2.1", "10.1.2.200"]),
        ("10.1.2.0/29", ["10.1.2.1", "10.1.2.4"]),
        ("10.1.2.9/32", ["10.1.2.9", "10.1.2.9"]),
        ("", ["", ""]),
    ],
)
def test_a_deployment_is_looked_at_from_the_declared_addresses(prefix: str, addresses: list[str]) -> None:
    """Another for every place, as far as they go."""
    target = TargetFile.model_validate({"name": "mine", "client": {"harness_network": prefix}})
    assert [Deployment(target).site.source(place) for place in (1, 200)] == addresses


def test_the_application_file_stands_beside_the_target_file(tmp_path: Path) -> None:
    """A path is from the folder of the file that names it; what is wrong with it is told with its line."""
    (tmp_path / "clinic.toml").write_text('name = "clinic"\nlog_in = 5\n')
    path = tmp_path / "target.toml"
    path.write_text('name = "mine"\napplication = "clinic.toml"\n')
    target = read_target(path)
    assert target.application == tmp_path / "clinic.toml"
    with pytest.raises(CannotLookError, match=r"clinic.toml:2: log_in: ") as wrong:
        _ = Deployment(target).site.application
    assert wrong.value.reason is Reason.NOT_DECLARED


def test_a_network_that_is_none_is_refused(tmp_path: Path) -> None:
    """When the file is read, with its place."""
    path = tmp_path / "target.toml"
    path.write_text('name = "mine"\n[client]\nharness_network = "10.1.2.3/8"\n')
    with pytest.raises(TargetError, match=r"client.harness_network: 10.1.2.3/8 has host bits set"):
        read_target(path)
