"""Drills on a deployment of any making: what must be described, and what is seen of its database nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.lab import DatabaseFlaws
from checks.model import CannotLookError, NotDeclaredError, Status
from checks.policy import load_policy
from checks.targets import Continuity, Drills, RecoveryPromise
from fixtures.application.file import read_application
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.sections import DrillSection
from fixtures.deployment.target_file import TargetError, TargetFile, read_target
from fixtures.drills.order import DrillOrder
from fixtures.lab.database import REPLICATION_ACCESS, LabPostgres, follow, start_postgres
from fixtures.lab.laboratory import Bench, Laboratory
from fixtures.services.database.settings import AUDITOR, NAME
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.database.target import AuditorLogin
from fixtures.targets.drills.described import DescribedScenes
from fixtures.targets.drills.nodes import DatabaseNodes, Followers
from fixtures.wait import wait_for
from suites.unit.drills.test_drill_description import SOUND

pytestmark = pytest.mark.unit

_SCENARIO = "primary-host-killed"
_SECTION = DrillSection(inject=("touch", "/nowhere/{primary}"), heal=("true", "{primary}"))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    laboratory = Laboratory()
    try:
        with laboratory.bench() as found:
            yield found
    finally:
        laboratory.close()


def _nodes(*servers: LabPostgres, user: str = AUDITOR) -> DatabaseNodes:
    one = servers[0]
    hosts = tuple(server.address for server in servers)
    return DatabaseNodes(AuditorLogin(hosts, NAME, user, one.vault["postgres.auditor"], one.ca))


def test_what_an_auditor_sees_of_the_nodes(bench: Bench, tmp_path: Path) -> None:
    """Who takes writes and who follows, over the network; what does not answer has not said no."""
    primary = start_postgres(bench, DatabaseFlaws(access=REPLICATION_ACCESS))
    replica = follow(bench, primary)
    nodes = _nodes(primary, replica)
    wait_for(lambda: nodes.followers().streaming, what="the replica streams", timeout_s=10)
    watchers = nodes.watchers()
    assert nodes.primary() == primary.address
    assert [ask() for ask in watchers.values()] == [True, False]
    assert nodes.followers() == Followers(streaming=1, synchronous=0)
    scenes = DescribedScenes({_SCENARIO: _SECTION}, nodes, tmp_path)
    scene = scenes.scene(_SCENARIO)
    assert (scene.replicas, scene.redundant()) == (1, True)
    assert primary.address in scene.fault.description
    with pytest.raises(CannotLookError, match=f"touch ended with 1: .*/nowhere/{primary.host.address}"):
        scene.fault.inject()
    scene.fault.heal()

    primary.run("ALTER ROLE clinical_auditor NOINHERIT")
    assert nodes.followers().streaming == 1
    primary.run("REVOKE pg_monitor FROM clinical_auditor")
    with pytest.raises(CannotLookError, match="GRANT pg_monitor TO clinical_auditor"):
        nodes.followers()
    primary.run("GRANT pg_monitor TO clinical_auditor")

    replica.server.kill()
    assert [ask() for ask in watchers.values()] == [True, None]
    wait_for(lambda: not scene.redundant(), what="nobody follows", timeout_s=10)
    with pytest.raises(CannotLookError, match=f"{replica.address} does not answer"):
        scenes.scene(_SCENARIO)
    assert nodes.silent() == scene.missing() == [replica.address]
    primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.run("SELECT pg_reload_conf()")
    # Nothing is acknowledged for a replica that is gone: this is no primary that takes writes.
    assert wait_for(lambda: watchers[primary.address]() is False, what="it takes no writes", timeout_s=10)
    for watcher in watchers.values():
        watcher.close()


def test_a_scenario_that_the_target_file_does_not_name(bench: Bench, tmp_path: Path) -> None:
    nodes = _nodes(start_postgres(bench))
    with pytest.raises(NotDeclaredError, match=r"no \[drills\.zombie\] section: .*; it has primary-host-killed"):
        DescribedScenes({_SCENARIO: _SECTION}, nodes, tmp_path).scene("zombie")


def test_every_section_is_a_scenario_with_its_promise(bench: Bench, tmp_path: Path) -> None:
    primary = start_postgres(bench, DatabaseFlaws(access=REPLICATION_ACCESS))
    replica = follow(bench, primary)
    nodes = _nodes(primary, replica)
    wait_for(lambda: nodes.followers().streaming, what="the replica streams", timeout_s=10)
    promised = {"writes": "wait", "reads": "continue", "gap_s": 2, "redundancy": False, "broken_s": 30}
    cut = DrillSection.model_validate({"inject": ["true"], "heal": ["true"]} | promised)
    scenes = DescribedScenes({_SCENARIO: _SECTION, "cut": cut}, nodes, tmp_path)
    assert scenes.scenarios() == ("cut", _SCENARIO)
    assert scenes.scene(_SCENARIO).promise == RecoveryPromise()
    scene = scenes.scene("cut")
    assert scene.promise == RecoveryPromise(Continuity.WAIT, Continuity.CONTINUE, gap_s=2, redundancy=False)
    assert scene.pace.broken_s == 30


def test_a_drill_plays_all_sections_and_a_gate_the_standard_one(authority: CertificateAuthority) -> None:
    """One that is not there is named in either."""
    sections = {"drills": {"cut": {"inject": ["true"], "heal": ["true"]}}}
    gate = _deployment(authority, sections).find(Drills)
    assert isinstance(gate, Drills)
    assert gate.scenarios() == (_SCENARIO,)
    with pytest.raises(NotDeclaredError, match=rf"no \[drills\.{_SCENARIO}\] section: .*; it has cut"):
        gate.drill(_SCENARIO)
    every = Deployment(_deployment(authority, sections).target, drill_order=DrillOrder(every=True)).find(Drills)
    assert isinstance(every, Drills)
    assert every.scenarios() == ("cut",)


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "ca")


def _deployment(
    authority: CertificateAuthority, more: Mapping[str, object] = MappingProxyType({}), application: str = SOUND
) -> Deployment:
    file = authority.certificate.parent / "application.toml"
    file.write_text(application)
    read_application(file)
    account = {"username": "n", "role": "nurse", "tenant": "", "password": "p", "totp_secret": ""}
    described = {
        "name": "mine",
        "environment": "test",
        "application": file,
        "trust": {"ca": authority.certificate},
        "api": {"base_url": "https://127.0.0.1:1", "accounts": [account]},
        "database": {"hosts": ["127.0.0.1:1"], "name": "d", "user": "u", "password": "p", "application_role": "a"},
        "drills": {_SCENARIO: {"inject": ["true"], "heal": ["true"]}},
    }
    return Deployment(TargetFile.model_validate(described | dict(more)))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"environment": "production"}, "this writes to it, and mine is a production system"),
        ({"drills": None}, r"no \[drills.NAME\] section: add one for each scenario, with inject, heal"),
        ({"database": None}, r"no \[database\] section"),
        ({"api": None}, r"no \[api\] section"),
        ({"api": {"base_url": "https://h", "accounts": []}}, "role nurse, and there is none"),
    ],
)
def test_what_a_drill_needs_is_said(authority: CertificateAuthority, more: dict[str, object], words: str) -> None:
    with pytest.raises(NotDeclaredError, match=words):
        _deployment(authority, more).find(Drills)


def test_an_application_without_a_drill_says_so_or_has_no_failover(authority: CertificateAuthority) -> None:
    """With the policy's leave the check then does not apply."""
    plain = SOUND.partition("[drill]")[0]
    with pytest.raises(NotDeclaredError, match=r"has no \[drill\] section: add one with role, write, read"):
        _deployment(authority, application=plain).find(Drills)
    deployment = _deployment(authority, application=f'{plain}[none]\nfailover = "one server, restored by hand"\n')
    rule = next(rule for rule in catalogue() if rule.id == "recovery/one_writable_primary")
    policy = load_policy("default").model_copy(update={"may_lack": ("failover",)})
    seen = evaluate(rule, deployment.find, policy, target="mine", absent=deployment.absent())
    assert seen.status is Status.NOT_APPLICABLE
    assert "one server, restored by hand" in seen.explanation


def test_nodes_that_do_not_answer_are_no_drill(authority: CertificateAuthority) -> None:
    """Nothing is broken where nobody could see what becomes of it."""
    drills = _deployment(authority).find(Drills)
    assert isinstance(drills, Drills)
    with pytest.raises(CannotLookError, match=r"127\.0\.0\.1:1 does not answer"):
        drills.drill(_SCENARIO)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (
            "[drills.primary-host-killed]\ninject = []\nheal = ['true']",
            "killed.inject: Tuple should",
        ),
        ("[drills.primary-host-killed]\ninject = ['true']", "drills.primary-host-killed.heal: Field required"),
        ("[drills.'rm -rf']\ninject = ['true']\nheal = ['true']", "drills.rm -rf.*: String should match pattern"),
    ],
)
def test_a_section_that_cannot_be_used_is_refused(tmp_path: Path, section: str, words: str) -> None:
    path = tmp_path / "target.toml"
    path.write_text(f"name = 'mine'\n{section}\n")
    with pytest.raises(TargetError, match=words):
        read_target(path)
