"""``target init --compose`` and ``--swarm`` draft a target file from containers of a real Docker engine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from click.testing import CliRunner, Result

from checks.model import CannotLookError
from cli import main
from fixtures.deployment.target_file import read_target
from fixtures.hosts.engine import RUN_LABEL, engine_address, engine_at
from fixtures.lab.laboratory import Bench, Laboratory
from fixtures.targets.containers.target import COMPOSE_PROJECT, SWARM_STACK
from suites.unit.survey.composed import IDLE, image_of, own, published, start
from suites.unit.world.shut_socket import AS_ROOT, SAID, shut_socket
from suites.unit.world.test_containers_target import NEEDS_ENGINE

SECRET = "correct-horse"  # noqa: S105  looked for in the drafts


def _manages() -> bool:
    try:
        with engine_at(engine_address()) as engine:
            return bool(engine.api.info()["Swarm"]["ControlAvailable"])
    except CannotLookError:
        return False


MANAGES = _manages()


@pytest.fixture
def bench() -> Iterator[Bench]:
    with closing(Laboratory()) as laboratory, laboratory.bench() as made:
        yield made


def _init(directory: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["target", "init", str(directory / "mine.toml"), *options])


def _comments(path: Path) -> str:
    """The comments of a draft as running text."""
    return " ".join(line.removeprefix("#").strip() for line in path.read_text().splitlines() if line.startswith("#"))


def _complete(path: Path, **required: str) -> None:
    """What the draft asks for: the files of secrets, and the lines that it calls required in sections that it has."""
    lines, open_ = [], False
    for line in path.read_text().splitlines():
        open_ = line.startswith("[") or (open_ and bool(line))
        key = re.match(r"# (\w+) = .*\(required\)", line)
        lines.append(f'{key[1]} = "{required[key[1]]}"' if open_ and key else line)
        if secret := re.fullmatch(r'\w+_file = "(.+)"', line):
            file = path.parent / secret[1]
            file.parent.mkdir(exist_ok=True)
            file.write_text(SECRET)
            file.chmod(0o600)
    path.write_text("\n".join(lines))


@NEEDS_ENGINE
def test_a_project_is_drafted_by_its_images_and_ports(bench: Bench, tmp_path: Path) -> None:
    """The reader takes the draft as soon as its secrets, and what it calls required, are filled in."""
    run, anywhere, here = bench.driver.run_id, None, ("127.0.0.1", None)
    database = start(bench, "db", "postgres", ports={"5432/tcp": anywhere})
    copy = start(bench, "copy", "records", ports={"5432/tcp": here})  # known by its port
    cache = start(bench, "cache", "redis")
    rule = {"traefik.http.routers.clinic.rule": "Host(`clinic.test`) && PathPrefix(`/`)"}
    web = start(bench, "web", "nginx", ports={"443/tcp": anywhere, "80/tcp": here}, labels=rule)
    metrics = start(bench, "metrics", "prometheus", ports={"9090/tcp": here})
    model = start(bench, "model", "vllm-openai", ports={"8000/tcp": here}, environment={"VLLM_API_KEY": SECRET})
    start(bench, "worker", "worker")
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("username,role,tenant,password\nann,nurse,a,p\n")
    done = _init(tmp_path, "--compose", run, "--accounts", str(accounts))
    assert done.exit_code == 0, done.output
    path = tmp_path / "mine.toml"
    said = f"service worker: image clinical-gate-{run}/worker:1, no port: nothing of it is looked at but its container."
    assert said in _comments(path)
    assert "not placed: worker\n" in done.stdout
    _complete(path, name="clinic", user="auditor", application_role="clinic")
    target = read_target(path)
    assert target.containers is not None
    assert (target.containers.project, target.containers.engine) == (run, os.environ.get("DOCKER_HOST", ""))
    assert target.database is not None
    assert target.database.hosts == (published(copy, 5432), published(database, 5432))
    assert target.database.password == SECRET
    assert target.cache is not None
    assert (target.cache.kind, target.cache.nodes) == ("single", (f"{own(cache)}:6379",))
    assert target.edge is not None
    assert (target.edge.https, target.edge.http) == (published(web, 443), published(web, 80))
    assert target.edge.server_name == "clinic.test"
    assert target.api is not None
    assert target.api.base_url == f"https://{target.edge.https}"
    assert target.monitoring is not None
    assert target.monitoring.prometheus == f"http://{published(metrics, 9090)}"
    assert target.inference is not None
    assert (target.inference.servers, target.inference.api_key) == ((f"http://{published(model, 8000)}",), SECRET)


@NEEDS_ENGINE
def test_the_draft_says_what_was_seen_and_no_value(bench: Bench, tmp_path: Path) -> None:
    """Not of a variable, a label, a command or a mounted secret; their names stand there."""
    (tmp_path / "secret").write_text(SECRET)
    made = start(
        bench,
        "app",
        "clinic",
        environment={"DB_PASSWORD": SECRET, "A\nb": SECRET},
        labels={"token": SECRET},
        volumes=[f"{tmp_path}/secret:/run/secrets/db_password:ro", f"{tmp_path}:/data"],
        cap_add=["NET_ADMIN"],
        mem_limit=32 << 20,
        nano_cpus=500_000_000,
        user="1000",
        ports={"8080/tcp": ("127.0.0.1", None)},
        healthcheck={"test": ["CMD-SHELL", f"true {SECRET}"], "interval": 3600 * 10**9},
    )
    done = _init(tmp_path, "--compose", bench.driver.run_id)
    assert done.exit_code == 0, done.output
    said = _comments(tmp_path / "mine.toml")
    seen = (
        f"service app: container {made.name}; image clinical-gate-{bench.driver.run_id}/clinic:1 (image id "
        f"{made.image.id}); running, starting; limits memory 32 MiB, 0.5 CPUs; user 1000; capabilities added NET_ADMIN;"
        " secrets db_password; mounts at /data; variables A b, DB_PASSWORD;"
        f" ports 8080 published at {published(made, 8080)}; networks bridge ({own(made)})."
    )
    assert seen in said
    assert "port 8080 of no part that is known: nothing of it is looked at but its container." in said
    drafts = "".join(path.read_text() for path in tmp_path.glob("mine*"))
    assert SECRET not in drafts + done.output
    assert read_target(tmp_path / "mine.toml").database is None


@NEEDS_ENGINE
def test_what_is_named_is_asked_itself(bench: Bench, tmp_path: Path) -> None:
    """Whether it answers or not: the container does not stand in for it."""
    start(bench, "cache", "redis")
    done = _init(tmp_path, "--compose", bench.driver.run_id, "--redis", "rediss://u:p@127.0.0.1:1")
    assert done.exit_code == 3, done.output
    assert "cache: not found: " in done.stdout
    assert read_target(tmp_path / "mine.toml").cache is None


@NEEDS_ENGINE
@pytest.mark.skipif(not MANAGES, reason="the engine is no manager of a swarm")
def test_a_stack_is_drafted_by_its_services(bench: Bench, tmp_path: Path) -> None:
    run, reference = bench.driver.run_id, image_of(bench, "postgres")
    with engine_at(engine_address()) as engine:
        ports = docker.types.EndpointSpec(ports={25432: 5432})
        task = docker.types.TaskTemplate(
            docker.types.ContainerSpec(reference, command=IDLE, env={"POSTGRES_PASSWORD": SECRET})
        )
        labels = {SWARM_STACK: run, RUN_LABEL: run}
        made = engine.api.create_service(task, name=f"{run}_db", labels=labels, endpoint_spec=ports)
        try:
            done = _init(tmp_path, "--swarm", run)
            gone = _init(tmp_path / "gone", "--swarm", "gone")
        finally:
            engine.api.remove_service(made["ID"])
    assert done.exit_code == 0, done.output
    assert SECRET not in (tmp_path / "mine.toml").read_text()
    assert f"service db: image {reference} (no digest); " in _comments(tmp_path / "mine.toml")
    _complete(tmp_path / "mine.toml", name="clinic", user="auditor", application_role="clinic")
    target = read_target(tmp_path / "mine.toml")
    assert target.database is not None
    assert target.database.hosts == ("127.0.0.1:25432",)
    assert target.containers is not None
    assert target.containers.stack == run
    assert f"there is no Swarm stack gone at {engine_address()}; there are " in gone.stderr


# ----------------------------------------------------------------------------------------------------- what is refused


def _refused(directory: Path, *options: str) -> str:
    """One sentence, exit 2, and nothing written."""
    before = sorted(directory.iterdir())
    done = _init(directory, *options)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert sorted(directory.iterdir()) == before
    assert done.stderr.startswith("clinical-gate: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("clinical-gate: ").strip()


@NEEDS_ENGINE
def test_a_project_that_is_not_there_is_told_with_those_that_are(bench: Bench, tmp_path: Path) -> None:
    run, address = bench.driver.run_id, engine_address()
    start(bench, "run", "clinic", labels={"com.docker.compose.oneoff": "True"})
    there = _refused(tmp_path, "--compose", "gone")
    assert there.startswith(f"there is no Compose project gone at {address}; there are ")
    assert run in there
    assert _refused(tmp_path, "--compose", "").startswith(f"--compose wants the name of a project; at {address} there ")
    once = f"the Compose project {run} at {address} has no container but those of docker compose run"
    assert _refused(tmp_path, "--compose", run) == once


@NEEDS_ENGINE
def test_a_project_without_containers_and_a_stack_are_no_project(bench: Bench, tmp_path: Path) -> None:
    """A network bears its name still; a stack is looked at by another option."""
    run, address = bench.driver.run_id, engine_address()
    with engine_at(address) as engine:
        network = engine.networks.create(f"{run}-empty", labels={COMPOSE_PROJECT: f"{run}-empty", RUN_LABEL: run})
        try:
            empty = _refused(tmp_path, "--compose", f"{run}-empty")
        finally:
            network.remove()
    assert empty == f"the Compose project {run}-empty at {address} has no container: start it (docker compose up -d)"
    start(bench, "task", "clinic", labels={SWARM_STACK: f"{run}-stack"})
    told = f"{run}-stack at {address} is a Swarm stack: write --swarm {run}-stack"
    assert _refused(tmp_path, "--compose", f"{run}-stack") == told


@NEEDS_ENGINE
@pytest.mark.skipif(MANAGES, reason="the engine is a manager of a swarm")
def test_a_stack_wants_a_manager(tmp_path: Path) -> None:
    assert f"the engine at {engine_address()} is no manager of a swarm" in _refused(tmp_path, "--swarm", "clinic")


def test_an_engine_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/docker.sock"
    told = _refused(tmp_path, "--compose", "clinic", "--engine", address)
    assert told == f"no Docker engine answers at {address}: there is no such socket"
    assert "is no address of a Docker engine: write unix" in _refused(tmp_path, "--compose", "c", "--engine", "ssh://h")


@AS_ROOT
def test_a_socket_without_the_right_to_it_says_what_to_do(tmp_path: Path) -> None:
    with shut_socket(tmp_path) as address:
        told = _refused(tmp_path, "--compose", "clinic", "--engine", address)
    assert told.endswith(SAID)


def test_options_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    assert _refused(tmp_path, "--compose", "a", "--swarm", "b").startswith("--compose and --swarm name the same ")
    assert _refused(tmp_path, "--engine", "unix:///x").startswith("--engine is where --compose or --swarm looks: ")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """Nor is the engine asked then."""
    (tmp_path / "mine.toml").write_text("mine")
    told = _refused(tmp_path, "--compose", "clinic", "--engine", f"unix://{tmp_path}/none")
    assert told == f"{tmp_path}/mine.toml is there already, and is not overwritten"
    assert (tmp_path / "mine.toml").read_text() == "mine"


def test_help_teaches_the_options_with_examples() -> None:
    shown = CliRunner().invoke(main, ["target", "init", "--help"]).output
    for line in ("--compose clinic\n", "--swarm clinic --engine tcp://10.0.0.2:2375\n"):
        assert f"  clinical-gate target init clinic.toml {line}" in shown
