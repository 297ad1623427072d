"""No container can reach the socket of a container engine (45 CFR 164.312(a)(1); NIST SP 800-190 section 4.4.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers

_ENGINES = ("docker", "containerd", "podman", "crio", "cri-dockerd", "balena-engine")
_SOCKETS = re.compile(rf"/({'|'.join(_ENGINES)})(-\w+)?\.sock(\.raw)?$")
_FOLDERS = frozenset(
    {"/", "/var", "/run", "/var/run", *(f"{run}/{name}" for name in _ENGINES for run in ("/run", "/var/run"))}
)


def _container_with_the_socket_of_its_engine(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(shows="socket"))


def _container_with_the_folder_of_that_socket(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(shows="folder"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(1)",),
    violations=(_container_with_the_socket_of_its_engine, _container_with_the_folder_of_that_socket),
)
def engine_socket_not_mounted(containers: Containers) -> Iterator[Finding]:
    """Who can write to it starts a container with all of the host in it, also where it is mounted read-only."""
    for container in containers.containers():
        leading = sorted(mount.source for mount in container.mounts if _leads_to_an_engine(mount.source))
        yield Finding(
            subject=container.subject,
            ok=not leading,
            message=f"{', '.join(leading)} of the host is mounted"
            if leading
            else "no mount leads to the socket of an engine",
            remedy="remove the mount; what must read from the engine asks a proxy that lets only such requests through",
        )


def _leads_to_an_engine(source: str) -> bool:
    return bool(_SOCKETS.search(source)) or (source.rstrip("/") or "/") in _FOLDERS
