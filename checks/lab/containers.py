"""What can be wrong with a container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Containers

_SERVES = ("CMD", "/bin/busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/")


@dataclass(frozen=True)
class ContainerFlaws(Flaws[Containers]):
    """A container whose one process is a small web server, in Docker's own terms.

    Args:
        memory: bytes, and ``processes`` a number; 0 sets no limit.
        health: test of its health check; empty for none.
        serves: whether the server listens; without it, a process that does nothing takes its place.
        settles: whether the health check has said something when it is looked at.
        image: by its ``digest``, or by a ``tag`` that may mean another image tomorrow.
        environment: ``NAME=value``, and ``labels`` likewise; ``arguments`` follow those of the server.
        shows: of the host: the ``socket`` of the engine, or the ``folder`` that it lies in.
        network, pid, ipc: ``host`` shares the host's namespace.
        neighbour: a second container, ``beside`` it in one network or ``apart`` in another; each may reach nobody.
        log_options: ``name=value``.
    """

    user: str = "65534:65534"
    read_only: bool = True
    privileged: bool = False
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ("ALL",)
    security: tuple[str, ...] = ("no-new-privileges:true",)
    memory: int = 32 << 20
    processes: int = 32
    health: tuple[str, ...] = _SERVES
    serves: bool = True
    settles: bool = True
    image: Literal["digest", "tag"] = "digest"
    environment: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    shows: Literal["nothing", "socket", "folder"] = "nothing"
    network: str = "none"
    neighbour: Literal["none", "apart", "beside"] = "none"
    pid: str = ""
    ipc: str = "private"
    log: str = "local"
    log_options: tuple[str, ...] = ()
    restart: Literal["no", "on-failure", "unless-stopped", "always"] = "on-failure"
