"""A sound container that is written down by hand, and what a rule says of a list of such."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.catalogue import read
from checks.evaluate import evaluate
from checks.model import CannotLookError, Result
from checks.policy import load_policy
from checks.targets import ContainerFacts, ContainerPath, HealthCheck, LogStore, Mount, Setting

DIGEST = f"sha256:{'ab' * 32}"
SOUND = ContainerFacts(
    name="clinic-web-1",
    id="3f2a9c0d1e4b",
    state="running",
    exit_code=None,
    user="1000:1000",
    main_uid=1000,
    remapped=False,
    privileged=False,
    read_only=True,
    added=(),
    dropped=("ALL",),
    no_new_privileges=True,
    seccomp="default",
    memory=1 << 28,
    processes=100,
    health=HealthCheck(("CMD", "wget", "-q", "http://localhost/"), "healthy", 0),
    image=f"clinic/web@{DIGEST}",
    image_id=DIGEST,
    digests=(f"clinic/web@{DIGEST}",),
    settings=(Setting("environment", "DB_PASSWORD_FILE", "path"),),
    mounts=(Mount("/srv/clinic", "/data", writable=True),),
    host_namespaces=(),
    log=LogStore("local", "", ""),
    restart="unless-stopped",
)


class ListedContainers:
    """Implements `checks.targets.Containers` by a list, and by what could not be inspected."""

    def __init__(self, *facts: ContainerFacts, paths: Sequence[ContainerPath] = (), problem: str = "") -> None:
        self._facts, self._paths, self._problem = facts, paths, problem

    def containers(self) -> Iterator[ContainerFacts]:
        """See `checks.targets.Containers.containers`."""
        yield from self._facts
        if self._problem:
            raise CannotLookError(self._problem)

    def paths(self) -> Iterator[ContainerPath]:
        """See `checks.targets.Containers.paths`."""
        yield from self._paths


def judged(name: str, *facts: ContainerFacts, problem: str = "") -> Result:
    listed = ListedContainers(*facts, problem=problem)
    return evaluate(read(f"containers/{name}"), lambda _: listed, load_policy("default"), target="clinic")
