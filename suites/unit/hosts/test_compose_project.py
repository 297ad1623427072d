"""``clinical-gate stack compose`` writes the reference stack as a Compose project that comes up by itself."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from checks.targets import Api
from cli import main
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import read_target
from fixtures.hosts.docker.usable import engine_or_refusal
from fixtures.stack.compose.project import PROJECT
from fixtures.stack.topology import HOSTS
from fixtures.targets.containers.target import COMPOSE_PROJECT
from fixtures.wait import wait_for
from suites.composing import NEEDS_COMPOSE, compose, skip_where_taken
from suites.unit.hosts.host_image import NEEDS_HOST_IMAGE

pytestmark = [pytest.mark.unit]
ONE_SHOT = {"prepare", "form", "close"}
SHOWN = ("vault.json", "ca/ca.key", "federation-ca/ca.key")
DONE = {"condition": "service_completed_successfully"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project that is written, and does not run."""
    folder = tmp_path_factory.mktemp("c")
    done = CliRunner().invoke(main, ["stack", "compose", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def services(project: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((project / "compose.yaml").read_text())["services"])


def test_every_host_of_the_topology_has_its_programs(services: dict[str, Any]) -> None:
    """All but the client host, which runs none; programs of one host share its network and its name."""
    placed = {name: entry.get("hostname") for name, entry in services.items() if "hostname" in entry}
    assert set(placed.values()) == set(HOSTS) - {"client"}
    assert services["patroni-pg1"]["network_mode"] == "service:etcd-pg1"
    addresses = [e["networks"]["stack"]["ipv4_address"] for e in services.values() if "hostname" in e]
    assert len(set(addresses)) == len(addresses)


def test_every_container_is_confined(services: dict[str, Any]) -> None:
    """Root is only who gives files away and takes them back, without a network, and ends."""
    assert [name for name, entry in services.items() if entry["user"] == "root"] == ["prepare", "close"]
    assert {services[name]["network_mode"] for name in ("prepare", "close")} == {"none"}
    for name, entry in services.items():
        assert (entry["read_only"], entry["cap_drop"]) == (True, ["ALL"]), name
        assert entry["security_opt"] == ["no-new-privileges:true"], name
        assert entry["mem_limit"], name
        assert entry["pids_limit"], name
        assert name in ONE_SHOT or entry["healthcheck"]["test"], name


def test_every_place_that_is_mounted_is_there(project: Path, services: dict[str, Any]) -> None:
    """By a path from the folder; what is not a host's own cannot be written there."""
    for name, entry in services.items():
        for source, inside, *mode in (volume.split(":") for volume in entry["volumes"]):
            assert (project / source).exists(), f"{name}: {source}"
            own = f"{project.resolve()}/hosts/"
            assert name in ONE_SHOT or inside.startswith(own) or inside.endswith("/backup") or mode == ["ro"], name


def test_no_secret_stands_in_the_compose_file(project: Path) -> None:
    """They are in files of the hosts that need them."""
    text = (project / "compose.yaml").read_text()
    secrets = json.loads((project / "vault.json").read_text())
    assert len(secrets) > 10
    assert [name for name, secret in secrets.items() if secret in text] == []


def test_what_form_may_read_is_closed_again(project: Path, services: dict[str, Any]) -> None:
    """Once it is done, and before a router starts; the group, too, is again that of who wrote the folder."""
    opening = services["prepare"]["command"][-1].split(" && ")
    (shown,) = (shlex.split(line)[2:] for line in opening if line.startswith("chmod 0640 "))
    assert {Path(name).relative_to(project.resolve()).as_posix() for name in shown} == set(SHOWN)
    for name in shown:
        Path(name).chmod(0o640)
        if os.geteuid() == 0:
            os.chown(name, -1, 65534)
    subprocess.run(services["close"]["command"], check=True)
    found = [Path(name).stat() for name in shown]
    assert {(stat.S_IMODE(each.st_mode), each.st_gid) for each in found} == {(0o600, project.stat().st_gid)}
    assert services["close"]["depends_on"] == {"form": DONE}
    assert [name for name, entry in services.items() if "form" in entry.get("depends_on", {})] == ["close"]
    waiting = {name for name, entry in services.items() if entry.get("depends_on", {}).get("close") == DONE}
    assert {"router1", "router2"} <= waiting


@NEEDS_COMPOSE
def test_compose_takes_the_file(project: Path) -> None:
    """As valid, with every service in it."""
    listed = compose(project, "config", "--services").split()
    assert set(listed) > ONE_SHOT


def test_the_help_says_how_a_folder_is_emptied() -> None:
    """In a container too, for who is not root: accounts of the image own its files."""
    shown = CliRunner().invoke(main, ["stack", "compose", "--help"]).stdout
    assert re.search(r"to remove it takes root,\s+or a\s+container that is", shown)
    assert '\n    docker run --rm --volume "$PWD/build:/build" debian rm -rf /build/compose\n' in shown
    assert "\\b" not in shown


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = CliRunner().invoke(main, ["stack", "compose", str(tmp_path)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"clinical-gate: {tmp_path} is not empty: ")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@contextmanager
def _up(folder: Path) -> Iterator[None]:
    skip_where_taken(PROJECT)
    try:
        compose(folder, "up", "--detach")
        yield
    except AssertionError as problem:
        problem.add_note(compose(folder, "logs", "--tail", "20", "form"))
        raise
    finally:
        compose(folder, "down", "--volumes")


@NEEDS_COMPOSE
@NEEDS_HOST_IMAGE
def test_it_comes_up_and_serves(project: Path) -> None:
    """Every container is healthy, somebody logs in through all layers, and nothing is left."""
    with _up(project):
        wait_for(lambda: _states() == {"healthy", "exited 0"}, what="every container is healthy", timeout_s=120)
        with closing(Deployment(read_target(project / "target.toml"))) as deployment:
            api = deployment.find(Api)
            assert isinstance(api, Api)
            assert api.login(api.accounts()[0]).granted
    assert _states() == set()


def _states() -> set[str]:
    """How the containers of the project are."""
    with engine_or_refusal() as engine:
        mine = engine.containers.list(all=True, filters={"label": f"{COMPOSE_PROJECT}={PROJECT}"})
        seen = [container.attrs["State"] for container in mine]
    return {
        f"exited {state['ExitCode']}" if state["Status"] == "exited" else state.get("Health", {}).get("Status", "")
        for state in seen
    }
