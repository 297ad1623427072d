"""``deploy/stack.yml`` promises what its page says of every service, and Docker takes it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures import REPOSITORY

FILE = REPOSITORY / "deploy" / "stack.yml"
STACK: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = STACK["services"]
REPLICAS = {"edge": 2, "agent": 4, "inference": 3, "database-primary": 1, "database-replica": 2, "cache": 6}
EVERY = pytest.mark.parametrize("name", SERVICES)


def test_it_has_the_shape_of_the_system() -> None:
    assert {name: service["deploy"]["replicas"] for name, service in SERVICES.items()} == REPLICAS


@EVERY
def test_a_service_is_confined_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in ("root", "0", "")
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert {"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": 64 << 20}} in service["volumes"]  # noqa: S108  of it
    assert {"memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["logging"]["options"]["max-size"]
    assert service["image"].startswith("${"), "by digest, which is the operator's to say"


@EVERY
def test_a_service_has_its_place_and_rolls_back(name: str) -> None:
    deploy = SERVICES[name]["deploy"]
    assert any("node.labels." in constraint for constraint in deploy["placement"]["constraints"])
    assert (deploy["update_config"]["failure_action"], deploy["update_config"]["max_failure_ratio"]) == ("rollback", 0)
    assert deploy["update_config"]["parallelism"] == 1
    assert deploy["rollback_config"]["order"] == deploy["update_config"]["order"]


def test_networks_are_encrypted_and_secrets_made_beforehand() -> None:
    """And no variable of any service has a value that only a secret should have."""
    assert {network["driver_opts"]["encrypted"] for network in STACK["networks"].values()} == {"true"}
    assert all(secret["external"] for secret in STACK["secrets"].values())
    told = [key for service in SERVICES.values() for key in service.get("environment", {}) if "PASSWORD" in key]
    assert all(key.endswith("_FILE") for key in told)


def test_the_password_file_of_a_replica_is_its_own() -> None:
    """Or libpq ignores it: it takes none that others than its owner may read."""
    (secret,) = (each for each in SERVICES["database-replica"]["secrets"] if each != "database")
    assert secret == {"source": "replica", "target": "replica", "uid": "999", "mode": 0o400}
    assert SERVICES["database-replica"]["command"][-1].endswith(" passfile=/run/secrets/replica")


@pytest.mark.parametrize(("answer", "well"), [("echo t", True), ("echo f", False), ("exit 2", False)])
def test_a_replica_that_follows_nobody_is_not_well(answer: str, *, well: bool, tmp_path: Path) -> None:
    """Its health check, as the engine runs it, with a psql that gives the answer."""
    psql = tmp_path / "psql"
    psql.write_text(f'#!/bin/sh\ncase "$*" in *"SELECT pg_is_in_recovery()") {answer};; *) exit 3;; esac\n')
    psql.chmod(0o755)
    command, *argv = SERVICES["database-replica"]["healthcheck"]["test"]
    done = subprocess.run(argv, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=False)
    assert (command, done.returncode == 0) == ("CMD", well)


@pytest.mark.parametrize(("name", "conf"), [("edge", "edge.conf"), ("cache", "cache.conf")])
def test_every_secret_that_a_configuration_reads_is_given(name: str, conf: str) -> None:
    read = set(re.findall(r"^ *[^#\n]* /run/secrets/([\w.]+)", (FILE.parent / conf).read_text(), re.MULTILINE))
    assert read == {secret["target"] for secret in SERVICES[name]["secrets"]}
    assert {secret["source"] for secret in SERVICES[name]["secrets"]} <= set(STACK["secrets"])


def test_what_may_have_been_done_is_not_done_twice() -> None:
    """The front door asks another agent, but no POST that was sent, unless it is told to (``non_idempotent``)."""
    lines = [line.strip() for line in (FILE.parent / "edge.conf").read_text().splitlines()]
    assert [line for line in lines if line.startswith("proxy_next_upstream ")] == [
        "proxy_next_upstream error timeout http_503;"
    ]


def test_replicas_of_the_cache_have_an_account() -> None:
    """The default user is off, so that without one none would follow; its secret is in no configuration."""
    lines = (FILE.parent / "cache.conf").read_text().splitlines()
    assert "include /run/secrets/replication.conf" in lines
    assert not [line for line in lines if line.startswith(("masteruser", "masterauth", "requirepass"))]


def _knows_stack_config() -> bool:
    """Whether there is a docker program that has the command; an older one explains ``docker stack`` instead."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", "stack", "config", "--help"], capture_output=True, text=True, check=False)
    return "docker stack config" in done.stdout


@pytest.mark.parametrize(
    ("usage", "known"),
    [("docker stack config [OPTIONS]", True), ("docker stack [OPTIONS] COMMAND", False), ("", False)],
)
def test_a_docker_without_the_command_is_known(
    usage: str, *, known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none at all is, too."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if usage:
        (tmp_path / "docker").write_text(f"#!/bin/sh\necho 'Usage:  {usage}'\n")
        (tmp_path / "docker").chmod(0o755)
    assert _knows_stack_config() is known


@pytest.mark.skipif(not _knows_stack_config(), reason="no docker program that has docker stack config (23 and later)")
def test_docker_takes_the_file() -> None:
    """Its images told, and not without."""
    argv = ["docker", "stack", "config", "--compose-file", str(FILE)]
    images = {
        f"{name}_IMAGE": f"registry.test/{name.lower()}" for name in ("EDGE", "AGENT", "INFERENCE", "DATABASE", "CACHE")
    }
    taken = subprocess.run(argv, env=os.environ | images, capture_output=True, text=True, check=False)
    assert taken.returncode == 0, taken.stderr
    assert set(yaml.safe_load(taken.stdout)["services"]) == set(REPLICAS)
    refused = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "by digest" in refused.stderr
