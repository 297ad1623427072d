"""A Swarm of three engines on one machine: each dockerd on a host of its own, in a network namespace.

    with three_engines() as swarm:
        swarm.deploy("clinic", document)
        swarm.nodes[2].isolate()

Engines keep everything in their host's folder and mount in a mount namespace of their own.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import yaml

from checks.model import CannotLookError
from fixtures.hosts.engine import engine_at
from fixtures.hosts.namespace import NamespaceHost
from fixtures.stack import runs
from fixtures.wait import wait_for

_UP_S, _STOPPED_S, _ANSWERING_S = 60.0, 15.0, 60


@dataclass(frozen=True)
class SwarmNode:
    """An engine and the host that it runs on."""

    host: NamespaceHost

    @property
    def url(self) -> str:
        """Of its socket."""
        return f"unix://{self.host.directory}/docker.sock"

    def start(self) -> None:
        """Start the engine; returns when it answers."""
        place = self.host.directory
        argv = ["unshare", "--mount", "--", "dockerd", f"--host={self.url}"]
        argv += [f"--data-root={place}/data", f"--exec-root={place}/exec", f"--pidfile={place}/engine.pid"]
        argv += [f"--cgroup-parent=/clinical-gate-{self.host.run_id}-{self.host.name}"]
        self.host.spawn(argv, service="dockerd")
        wait_for(self._answers, what=f"the engine of {self.host.name} answers", timeout_s=_UP_S)

    def _answers(self) -> bool:
        try:
            with self.client() as engine:
                return bool(engine.ping())
        except CannotLookError:
            return False

    def client(self) -> AbstractContextManager[docker.DockerClient]:
        """A client for a moment."""
        return engine_at(self.url, _ANSWERING_S)

    def run(self, *words: str, stdin: bytes | None = None) -> str:
        """The docker program on this engine; returns what it printed.

        Raises:
            AssertionError: it failed; carries what it said.
        """
        argv = ["docker", "--host", self.url, *words]
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=300, check=False)
        assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr.decode()[-2000:]}"
        return done.stdout.decode()

    def stop(self) -> None:
        """End the engine, its containers first, and whatever is left of them."""
        if (process := self.host.process("dockerd")) is not None:
            process.stop(timeout_s=_STOPPED_S)
        mark = f"/clinical-gate-{self.host.run_id}-{self.host.name}/"
        for group in Path("/proc").glob("[0-9]*/cgroup"):
            with suppress(OSError):
                if mark in group.read_text():
                    os.kill(int(group.parent.name), signal.SIGKILL)
        for group in _groups(mark.strip("/")):
            with suppress(OSError):  # of a process that is ending still
                group.rmdir()


@dataclass(frozen=True)
class Swarm:
    """Three managers, the first of which made the swarm."""

    nodes: tuple[SwarmNode, ...]

    def form(self) -> None:
        """Make the three one swarm, and label them: all for the app, the first two for the edge."""
        first, *others = self.nodes
        first.run("swarm", "init", "--advertise-addr", first.host.address)
        token = first.run("swarm", "join-token", "--quiet", "manager").strip()
        for node in others:
            node.run("swarm", "join", "--token", token, "--advertise-addr", node.host.address, first.host.address)
        for node, labels in zip(self.nodes, (("edge", "app"), ("edge", "app"), ("app",)), strict=True):
            identity = node.run("info", "--format", "{{.Swarm.NodeID}}").strip()
            added = [word for label in labels for word in ("--label-add", f"{label}=true")]
            first.run("node", "update", *added, identity)

    def deploy(self, stack: str, document: Mapping[str, Any], variables: Mapping[str, str], folder: Path) -> None:
        """Bring a stack to what a document says."""
        file = folder / "stack.yml"
        file.write_text(yaml.safe_dump(dict(document), sort_keys=False))
        argv = ["docker", "--host", self.nodes[0].url, "stack", "deploy", "--detach=true", "--resolve-image=never"]
        argv += ["--compose-file", str(file), stack]
        done = subprocess.run(
            argv, env=os.environ | variables, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]


@contextmanager
def three_engines() -> Iterator[Swarm]:
    """Up and formed; gone with everything in them afterwards."""
    _, driver = runs.begin(driver="namespace")
    with ExitStack() as ending:
        ending.callback(driver.close)
        nodes = tuple(SwarmNode(_host(driver.host(f"node{number}"))) for number in (1, 2, 3))
        for node in nodes:
            ending.callback(node.stop)
            node.start()
        swarm = Swarm(nodes)
        swarm.form()
        yield swarm


def _groups(name: str) -> list[Path]:
    """Control groups of that name, in whatever hierarchies there are, and those below them first."""
    top = Path("/sys/fs/cgroup")
    found = [place for place in (top / name, *top.glob(f"*/{name}")) if place.is_dir()]
    below = [below for place in found for below in place.rglob("*") if below.is_dir()]
    return sorted([*found, *below], key=lambda place: len(place.parts), reverse=True)


def _host(host: object) -> NamespaceHost:
    assert isinstance(host, NamespaceHost)
    return host
