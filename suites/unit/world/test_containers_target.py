"""Containers of a real Docker engine are seen as they are, and whatever cannot be seen is one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from checks.lab import ContainerFlaws
from checks.model import CannotLookError, NotDeclaredError
from checks.targets import ContainerFacts, ContainerPath, Containers, Effect
from fixtures import REPOSITORY
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile
from fixtures.hosts.engine import RUN_LABEL, engine_address, engine_at
from fixtures.lab.builders import LabBuilder
from fixtures.lab.laboratory import Bench, Laboratory
from fixtures.stack import runs
from fixtures.targets.containers.target import COMPOSE_PROJECT, SWARM_STACK
from suites.unit.application.clinic import Answer, clinic
from suites.unit.world.shut_socket import AS_ROOT, SAID, shut_socket


def _unreachable() -> str:
    try:
        with engine_at(engine_address()):
            return ""
    except CannotLookError as problem:
        return str(problem)


NEEDS_ENGINE = pytest.mark.skipif(bool(why := _unreachable()), reason=why or "an engine answers")


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    lab = Laboratory()
    yield lab
    lab.close()


@pytest.fixture
def bench(laboratory: Laboratory) -> Iterator[Bench]:
    with laboratory.bench() as made:
        yield made


def _built(bench: Bench, **flaws: Any) -> ContainerFacts:  # noqa: ANN401  fields of the record
    (facts,) = LabBuilder(bench).build(ContainerFlaws(**flaws)).containers()
    return facts


def _opened(**section: object) -> Deployment:
    return Deployment(TargetFile.model_validate({"name": "mine", "containers": section}))


def _seen(**section: object) -> list[ContainerFacts]:
    with closing(_opened(**section)) as deployment:
        containers = deployment.find(Containers)
        assert isinstance(containers, Containers)
        return list(containers.containers())


def _why_not(**section: object) -> str:
    with pytest.raises(CannotLookError) as problem:
        _seen(**section)
    assert not isinstance(problem.value, NotDeclaredError)
    return str(problem.value)


@NEEDS_ENGINE
def test_a_container_is_seen_as_it_was_made(bench: Bench) -> None:
    facts = _built(
        bench, user="1000", added=("CAP_NET_BIND_SERVICE",), memory=24 << 20, processes=12, restart="unless-stopped"
    )
    assert (facts.state, facts.exit_code, facts.main_uid, facts.user) == ("running", None, 1000, "1000")
    assert (facts.added, facts.dropped) == (("NET_BIND_SERVICE",), ("ALL",))
    assert (facts.memory, facts.processes, facts.restart) == (24 << 20, 12, "unless-stopped")
    assert (facts.read_only, facts.privileged, facts.no_new_privileges, facts.seccomp) == (True, False, True, "default")
    assert (facts.host_namespaces, facts.mounts, facts.log.driver) == ((), (), "local")
    assert facts.health is not None
    assert facts.health.status == "healthy"
    assert facts.image == facts.image_id


@NEEDS_ENGINE
def test_a_container_without_a_user_runs_as_root(bench: Bench) -> None:
    """What the process is says more than what was configured."""
    assert _built(bench, user="").main_uid == 0


@NEEDS_ENGINE
def test_the_values_of_settings_do_not_leave_the_adapter(bench: Bench) -> None:
    facts = _built(bench, environment=("DB_PASSWORD=correct-horse",), labels=("a.token=correct-horse", "empty="))
    told = {(setting.place, setting.name): setting.shape for setting in facts.settings}
    assert told["environment", "DB_PASSWORD"] == told["label", "a.token"] == "text"
    assert told["label", "empty"] == "nothing"
    assert "correct-horse" not in repr(facts)


@NEEDS_ENGINE
def test_containers_are_chosen_in_each_of_four_ways(bench: Bench) -> None:
    """A project leaves out what was run beside it once, and what belongs to somebody else."""
    run = bench.driver.run_id
    project = f"{COMPOSE_PROJECT}={run}"
    web = _built(bench, labels=(project, "tier=web"))
    _built(bench, labels=(project, "com.docker.compose.oneoff=True"))
    _built(bench, labels=(f"{COMPOSE_PROJECT}={run}-other",))
    task = _built(bench, labels=(f"{SWARM_STACK}={run}", "com.docker.swarm.task.id=1"))
    assert [facts.name for facts in _seen(project=run)] == [web.name]
    assert [(facts.name, facts.restart) for facts in _seen(stack=run)] == [(task.name, "swarm")]
    assert [facts.name for facts in _seen(names=[task.name, web.name])] == [task.name, web.name]
    assert [facts.name for facts in _seen(labels=[f"{RUN_LABEL}={run}", "tier"])] == [web.name]


@NEEDS_ENGINE
def test_what_is_not_there_is_told_with_what_is(bench: Bench) -> None:
    """A container that is missing hides nothing of the others."""
    run, address = bench.driver.run_id, engine_address()
    web = _built(bench, labels=(f"{COMPOSE_PROJECT}={run}",))
    gone = _why_not(project="gone")
    assert gone.startswith(f"there are no containers of the Compose project gone at {address}; there are ")
    assert run in gone
    assert _why_not(stack="gone").startswith(f"there are no containers of the Swarm stack gone at {address}; there ")
    assert _why_not(labels=["gone=1", "tier"]) == f"no container at {address} has the labels gone=1, tier"
    seen: list[ContainerFacts] = []
    with closing(_opened(names=[web.name, "gone"])) as deployment:
        containers = deployment.find(Containers)
        assert isinstance(containers, Containers)
        with pytest.raises(CannotLookError, match=f"there is no container gone at {address}; there are .*{web.name}"):
            seen.extend(containers.containers())
    assert [facts.name for facts in seen] == [web.name]


@NEEDS_ENGINE
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter the network of a container")
def test_who_reaches_whom_is_tried_from_within(bench: Bench) -> None:
    """By name or Compose service; a name that nobody has is told, and hides nothing."""
    pair = LabBuilder(bench).build(ContainerFlaws(neighbour="beside", labels=("com.docker.compose.service=web",)))
    one, two = (facts.name for facts in pair.containers())
    paths, said = _paths(names=[one, two], segments={one: [two], "gone": []})
    assert [(path.source, path.target, path.allowed) for path in paths] == [(one, two, True), (two, one, False)]
    assert all(len(path.reached) == 1 and path.reached[0].endswith(":8080") for path in paths)
    assert said == f"[containers.segments] names gone; the containers are called {', '.join(sorted([one, two, 'web']))}"
    assert all(path.allowed for path in _paths(names=[one, two], segments={"web": ["web"]})[0])
    apart = LabBuilder(bench).build(ContainerFlaws(neighbour="apart"))
    assert [path.reached for path in apart.paths()] == [(), ()]


@NEEDS_ENGINE
def test_nothing_is_tried_where_nobody_said_who_may_reach_whom(bench: Bench) -> None:
    with closing(_opened(names=[_built(bench).name])) as deployment:
        containers = deployment.find(Containers)
        assert isinstance(containers, Containers)
        with pytest.raises(NotDeclaredError, match=r"has no \[containers.segments\]: add one with lines like web = "):
            list(containers.paths())
        assert deployment.sent() == []


def _paths(**section: object) -> tuple[list[ContainerPath], str]:
    """Those that were seen, and what was said at the end."""
    seen: list[ContainerPath] = []
    with closing(_opened(**section)) as deployment:
        containers = deployment.find(Containers)
        assert isinstance(containers, Containers)
        try:
            seen.extend(containers.paths())
        except CannotLookError as problem:
            return seen, str(problem)
    return seen, ""


@NEEDS_ENGINE
def test_a_container_that_ended_is_seen_with_how(bench: Bench) -> None:
    facts = _built(bench)
    with engine_at(engine_address()) as engine:
        engine.api.kill(facts.id)
        engine.api.wait(facts.id)
    (ended,) = _seen(names=[facts.name])
    assert (ended.state, ended.exit_code, ended.main_uid, ended.done) == ("exited", 137, None, False)


@NEEDS_ENGINE
def test_requests_are_counted_and_all_of_them_read(bench: Bench) -> None:
    facts = _built(bench)
    with closing(_opened(names=[facts.name])) as deployment:
        containers = deployment.find(Containers)
        assert isinstance(containers, Containers)
        list(containers.containers())
        (sent,) = deployment.sent()
    assert (sent.target, sent.unit, sent.effect) == (f"engine {engine_address()}", "requests", Effect.READ)
    assert sent.count == 5  # the engine, the list, the container, its image, its processes


@NEEDS_ENGINE
def test_the_sweep_removes_what_a_killed_lab_left_on_the_engine() -> None:
    """SIGKILL gives it no chance; container and image bear the run's id."""
    script = textwrap.dedent("""
        import time
        from checks.lab import ContainerFlaws
        from fixtures.lab.laboratory import Laboratory
        from fixtures.lab.builders import LabBuilder
        lab = Laboratory()
        LabBuilder(lab.bench()).build(ContainerFlaws())
        print(lab.driver.run_id, flush=True)
        time.sleep(600)
    """)
    argv, environment = [sys.executable, "-c", script], os.environ | {"PYTHONPATH": "."}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment) as killed:
        assert killed.stdout is not None
        run_id = killed.stdout.readline().strip()
        killed.send_signal(signal.SIGKILL)
    assert _left(run_id) == (1, 1), "they should outlive their lab, or this proves nothing"
    assert run_id in runs.sweep()
    assert _left(run_id) == (0, 0)


def _left(run_id: str) -> tuple[int, int]:
    mine = {"label": f"{RUN_LABEL}={run_id}"}
    with engine_at(engine_address()) as engine:
        return len(engine.containers.list(all=True, filters=mine)), len(engine.images.list(filters=mine))


# ---------------------------------------------------------------------------------------------------- without an engine


def test_an_engine_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/docker.sock"
    assert _why_not(engine=address, project="p") == f"no Docker engine answers at {address}: there is no such socket"
    closed = "tcp://127.0.0.1:1"
    assert _why_not(engine=closed, project="p") == f"no Docker engine answers at {closed}: the connection is refused"


@AS_ROOT
def test_a_socket_without_the_right_to_it_says_what_to_do(tmp_path: Path) -> None:
    with shut_socket(tmp_path) as address:
        said = _why_not(engine=address, project="p")
    assert said.endswith(SAID)


@pytest.mark.parametrize("answer", [Answer(json={}), Answer(json=[]), Answer(404), Answer()])
def test_what_listens_and_is_no_engine_is_told(answer: Answer) -> None:
    with clinic(lambda _: answer) as server:
        address = server.base_url.replace("http://", "tcp://")
        assert _why_not(engine=address, project="p").startswith(f"no Docker engine answers at {address}: ")


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({}, "by one of project, stack, names and labels"),
        ({"project": "a", "names": ["b"]}, "by one of project, stack, names and labels"),
        ({"project": "a", "engine": "/var/run/docker.sock"}, "is no address of a Docker engine: write unix:///var/run"),
        ({"project": "a", "engine": "ssh://host"}, "is no address of a Docker engine"),
        ({"project": "a", "engine": "tcp://host"}, "is not host:port"),
        ({"names": [""]}, "at least 1 character"),
        ({"labels": ["=x"]}, "should match pattern"),
    ],
)
def test_a_section_that_means_nothing_is_refused(section: dict[str, object], reason: str) -> None:
    """When the file is read."""
    with pytest.raises(ValueError, match=reason):
        _opened(**section)
