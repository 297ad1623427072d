"""The containers that carry a deployment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

Seccomp = Literal["default", "own", "none"]
Shape = Literal["text", "number", "switch", "path", "link", "link with password", "private key", "token", "nothing"]


@dataclass(frozen=True)
class Setting:
    """A value that a container's configuration shows to everybody who may inspect it; the value itself is not kept.

    Args:
        place: e.g. ``environment``, ``command`` or ``label``.
        name: of a variable, an option or a label; ``word 3`` of a command where nothing names it.
        shape: what the value looks like; ``switch`` is true, false, on, off and the like, ``token`` a form that only
            credentials have.
    """

    place: str
    name: str
    shape: Shape


@dataclass(frozen=True)
class HealthCheck:
    """How an engine finds out whether a container is well.

    Args:
        test: in Docker's form: ``("CMD", program, ...)`` or ``("CMD-SHELL", line)``.
        status: ``starting``, ``healthy`` or ``unhealthy``, as it was told last; empty where it is not told.
        failing: how many looks in a row failed.
    """

    test: tuple[str, ...] = field(repr=False)  # a careless one has a password in it
    status: str
    failing: int


@dataclass(frozen=True)
class Mount:
    """What of the host is mounted where."""

    source: str
    destination: str
    writable: bool


@dataclass(frozen=True)
class LogStore:
    """Where a container's output goes: Docker's name of the driver, and its limits as they are configured."""

    driver: str
    max_size: str
    max_file: str


@dataclass(frozen=True)
class ContainerFacts:
    """One container as its engine describes it. Sizes are bytes; 0 of a limit means that there is none.

    Args:
        id: hexadecimal, 12 digits.
        state: in Docker's words, e.g. ``running`` or ``exited``.
        exit_code: of its end; None where it has not ended.
        user: that it is configured with; empty where it is the image's default, root.
        main_uid: effective uid of its main process as the host counts; None where it does not run, or the engine's host
            does not tell.
        remapped: whether its root is an ordinary account of the host (user namespace).
        added, dropped: capabilities, without ``CAP_``, in capitals.
        seccomp: ``own`` is a profile that somebody wrote, ``none`` what filters nothing.
        image: the reference that it was made from.
        image_id: ``sha256:...``.
        digests: under which registries know this image, ``name@sha256:...``.
        host_namespaces: those that it shares with the host: ``network``, ``pid``, ``ipc``.
        restart: name of the restart policy; ``swarm`` where an orchestrator replaces it.
    """

    name: str
    id: str
    state: str
    exit_code: int | None
    user: str
    main_uid: int | None
    remapped: bool
    privileged: bool
    read_only: bool
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    no_new_privileges: bool
    seccomp: Seccomp
    memory: int
    processes: int
    health: HealthCheck | None
    image: str
    image_id: str
    digests: tuple[str, ...]
    settings: tuple[Setting, ...]
    mounts: tuple[Mount, ...]
    host_namespaces: tuple[str, ...]
    log: LogStore
    restart: str

    @property
    def subject(self) -> str:
        """What findings call it: engines may have containers of one name."""
        return f"container {self.name} ({self.id})"

    @property
    def done(self) -> bool:
        """Whether it was a job that has ended well."""
        return self.state == "exited" and self.exit_code == 0


@dataclass(frozen=True)
class ContainerPath:
    """Whether one container reaches another.

    Args:
        source, target: names of containers.
        allowed: whether the description lets it.
        reached: ``address:port`` where the target listens, of those that answered the source.
    """

    source: str
    target: str
    allowed: bool
    reached: tuple[str, ...]


@runtime_checkable
class Containers(Protocol):
    """The containers of one deployment.

    One that cannot be inspected hides nothing of the others: `CannotLookError` is raised for it at the end, after
    everything that was seen.
    """

    def containers(self) -> Iterable[ContainerFacts]:
        """Every container that the deployment declares, whether it runs or not.

        Raises:
            CannotLookError: the engine cannot be reached, or has none of them.
        """
        ...

    def paths(self) -> Iterable[ContainerPath]:
        """From every running container to every other that listens anywhere.

        Raises:
            CannotLookError: the description does not say who may reach whom, or a network cannot be entered.
        """
        ...
