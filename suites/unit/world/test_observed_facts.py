"""What a deployment is, as it is seen: equal ones give equal facts, a change shows in its own fact only, and what
cannot be seen says why.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from checks.lab import DatabaseFlaws
from checks.targets import Cache, ContainerFacts, Database, Inference, Monitoring, ObservedFact
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.lab.cache import start_writable_redis
from fixtures.lab.database import start_postgres
from fixtures.lab.laboratory import Laboratory
from fixtures.observing.facts import agreed, digest, fact, facts_of
from fixtures.services.database.settings import APPLICATION, AUDITOR, NAME
from fixtures.services.redis import administrator
from fixtures.targets.containers.observed import observed_containers
from fixtures.targets.hosts.machine import Machine
from fixtures.targets.hosts.target import MachineHosts
from suites.unit.application.clinic import Answer, Asked, clinic
from suites.unit.world.test_production import deployment_of

Facts = dict[tuple[str, str], ObservedFact]
DIGEST = "0123456789abcdef" * 4


def _facts(deployment: Deployment, *kinds: type) -> Facts:
    for kind in kinds:
        deployment.find(kind)
    found = {(each.part, each.name): each for each in deployment.observed()}
    deployment.close()
    return found


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    lab = Laboratory()
    yield lab
    lab.close()


def _stores(laboratory: Laboratory, flaws: DatabaseFlaws | None = None, *, maxmemory: str = "64mb") -> Facts:
    with laboratory.bench() as bench:
        database, cache = start_postgres(bench, flaws or DatabaseFlaws()), start_writable_redis(bench)
        with cache.connect() as client:
            client.config_set("maxmemory", maxmemory)
        reader = administrator(bench.vault)
        auditor = {"user": AUDITOR, "password": bench.vault["postgres.auditor"], "application_role": APPLICATION}
        described = {
            "name": "lab",
            "trust": {"ca": bench.authority.certificate},
            "database": {"hosts": [database.address], "name": NAME, **auditor},
            "cache": {"kind": "single", "nodes": [cache.address], "username": reader.user, "password": reader.password},
        }
        facts = _facts(Deployment(TargetFile.model_validate(described)), Database, Cache)
    del facts["target file", "description"]  # the addresses are others
    return facts


def test_a_change_of_a_store_shows_in_its_own_fact(laboratory: Laboratory) -> None:
    """Two stores on other hosts, with other ports and paths, are the same; a column, a setting, a limit are not."""
    was = _stores(laboratory)
    assert was == _stores(laboratory)
    assert [each for each in was.values() if each.unseen] == []
    assert was["database", "version"].value.startswith("PostgreSQL 1")
    assert was["cache", "version"].value.startswith("Redis ")
    assert "pgaudit" in was["database", "extensions"].value
    changed = _stores(
        laboratory,
        DatabaseFlaws(sql="ALTER TABLE patients ADD COLUMN nickname text", settings={"log_statement": "all"}),
        maxmemory="65mb",
    )
    assert {key for key in was if was[key] != changed[key]} == {
        ("database", "schema"),
        ("database", "configuration"),
        ("cache", "configuration"),
    }


_LLAMA = {
    "/v1/models": {"data": [{"id": "tiny"}]},
    "/props": {"model_path": "/srv/models/tiny.gguf", "build_info": "b5000-abc"},
}
_OLLAMA = {
    "/v1/models": {"data": [{"id": "gemma3:1b"}]},
    "/api/version": {"version": "0.9.1"},
    "/api/tags": {"models": [{"name": "gemma3:1b", "digest": DIGEST}]},
}
_CHAT: Mapping[str, object] = {"/v1/completions": {"choices": [{"text": "x"}]}}


def _answers(said: Mapping[str, object]) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        known = said.get(asked.path, _CHAT.get(asked.path))
        return Answer(status=404) if known is None else Answer(json=known)

    return answer


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (_LLAMA, {"models": "tiny", "version": "b5000-abc", "model file": "tiny.gguf", "model digest": ""}),
        (
            _OLLAMA,
            {
                "models": "gemma3:1b",
                "version": "0.9.1",
                "model file": "",
                "model digest": f"gemma3:1b sha256:{DIGEST}",
            },
        ),
        ({}, {"models": "", "version": "", "model file": "", "model digest": ""}),
        ({"/v1/models": ["?"]}, {"models": "", "version": "", "model file": "", "model digest": ""}),
    ],
    ids=["llama.cpp", "Ollama", "nothing", "nonsense"],
)
def test_a_model_server_says_what_it_can(said: Mapping[str, object], seen: dict[str, str], tmp_path: Path) -> None:
    """What it does not say has its reason in place of a value."""
    with clinic(_answers(said)) as server:
        facts = _facts(deployment_of(tmp_path, inference={"servers": [server.base_url]}), Inference)
        asked = {each.method for each in server.asked}
    mine = {name: each for (part, name), each in facts.items() if part == "model server"}
    details = mine.pop("model details")
    assert (details.value.startswith("sha256:"), bool(details.unseen)) == (bool(seen["models"]), not seen["models"])
    assert {name: each.value for name, each in mine.items()} == seen
    assert all(bool(each.value) != bool(each.unseen) for each in mine.values())
    assert asked == {"GET"}, "it is only asked, and no model is loaded for it"


def test_another_model_of_the_same_name_is_another_model(tmp_path: Path) -> None:
    """By its size, say; when it was loaded does not count."""
    found = []
    for number, (created, size) in enumerate(((1, 10), (2, 10), (2, 11))):
        (tmp_path / str(number)).mkdir()
        entry = {"id": "tiny", "created": created, "meta": {"n_params": 1000, "size": size}}
        with clinic(_answers({"/v1/models": {"data": [entry]}})) as server:
            served = {"servers": [server.base_url]}
            facts = _facts(deployment_of(tmp_path / str(number), inference=served), Inference)
        found.append(facts["model server", "model details"].value)
    assert found[0] == found[1] != found[2]


def test_a_prometheus_tells_its_version_and_what_its_rules_say(tmp_path: Path) -> None:
    """Whether one of them fires is no other rule."""

    def said(state: str, limit: int) -> Mapping[str, object]:
        rule = {"name": "Down", "query": f"up < {limit}", "duration": 30, "state": state}
        data = {"groups": [{"name": "g", "rules": [rule]}]}
        return {
            "/api/v1/rules?type=alert": {"status": "success", "data": data},
            "/api/v1/status/buildinfo": {"status": "success", "data": {"version": "2.42.0"}},
        }

    found = []
    for number, (state, limit) in enumerate((("inactive", 1), ("firing", 1), ("firing", 2))):
        (tmp_path / str(number)).mkdir()
        with clinic(_answers(said(state, limit))) as server:
            monitored = {"prometheus": server.base_url}
            facts = _facts(deployment_of(tmp_path / str(number), monitoring=monitored), Monitoring)
        assert facts["monitoring", "version"].value == "Prometheus 2.42.0"
        found.append(facts["monitoring", "alerting rules"].value)
    assert found[0] == found[1] != found[2]


def test_what_no_check_looked_at_is_said_and_not_asked(tmp_path: Path) -> None:
    with clinic(_answers(_LLAMA)) as server:
        facts = _facts(deployment_of(tmp_path, inference={"servers": [server.base_url]}))
        assert server.asked == []
    assert facts["inference", "what it is"].unseen == "no check of this run looked at it"
    assert facts["target file", "description"].value.startswith("sha256:")


def test_each_container_has_the_digest_of_its_image() -> None:
    """That of the registry, or else the image's own id."""

    def container(name: str, *digests: str) -> ContainerFacts:
        plain = dict.fromkeys(ContainerFacts.__dataclass_fields__)
        known = {"name": name, "image": "nginx:1.27", "image_id": "sha256:id", "digests": digests}
        return ContainerFacts(**plain | known)  # type: ignore[arg-type]  # the rest is not read

    facts = observed_containers(lambda: [container("web", "nginx@sha256:pulled"), container("own")])
    assert [(each.part, each.value) for each in facts] == [
        ("container web", "nginx:1.27 sha256:pulled"),
        ("container own", "nginx:1.27 sha256:id"),
    ]


def test_a_machine_tells_its_system_and_kernel() -> None:
    """One that cannot be reached says so, and hides nothing of the others."""
    here, gone = Machine(), Machine("docker://no-such-container")
    facts = {(each.part, each.name): each for each in MachineHosts(machines=[here, gone]).observed()}
    assert facts["host", "kernel"].value == platform.release()
    assert facts["host", "system"].value == platform.freedesktop_os_release()["PRETTY_NAME"]
    assert "cannot be looked at" in facts["host docker://no-such-container", "kernel"].unseen


class _Saying:
    """An adapter of a user's."""

    def __init__(self, say: Callable[[], Iterator[ObservedFact]]) -> None:
        self._say = say

    def observed(self) -> Iterator[ObservedFact]:
        """Whatever it does."""
        return self._say()


def _broken() -> Iterator[ObservedFact]:
    yield ObservedFact("clinic", "version", "4.2")
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (None, "no check of this run looked at it"),
        (object(), "nothing tells it"),
        (_Saying(_broken), "its adapter raised ZeroDivisionError: "),
        (_Saying(lambda: iter(["version 4.2"])), "its adapter gave something else than facts"),  # type: ignore[list-item]
        (_Saying(lambda: iter([ObservedFact("clinic", "version", 4)])), "its adapter gave something else than facts"),  # type: ignore[arg-type]
    ],
)
def test_a_target_that_tells_nothing_ends_no_run(target: object, said: str) -> None:
    assert facts_of("api", target) == [ObservedFact("api", "what it is", "", said)]


def test_an_adapter_tells_what_it_knows() -> None:
    known = [ObservedFact("clinic", "version", "4.2")]
    assert facts_of("api", _Saying(lambda: iter(known))) == known


def test_values_are_put_together() -> None:
    assert agreed(["7.0", "7.0"]) == "7.0"
    assert agreed(["7.2", "7.0", "7.0"]) == "7.0 (2), 7.2 (1)"
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 2, "b": 1})
    assert fact("edge", "server", lambda: "").unseen == "it does not say"
    assert fact("edge", "server", lambda: {"a": "b"}["c"]).unseen == "its answer is not understood: KeyError"
