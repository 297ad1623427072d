"""Every container drops all capabilities, and gets back none that leads out of it (45 CFR 164.312(a)(1); NIST SP 800-53
AC-6).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers

_HARMLESS = frozenset({"NET_BIND_SERVICE", "CHOWN", "SETUID", "SETGID"})


def _container_that_keeps_the_default_capabilities(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(dropped=()))


def _container_that_drops_a_few_capabilities(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(dropped=("NET_RAW", "MKNOD")))


def _container_that_administers_the_host(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(added=("SYS_ADMIN",)))


def _container_that_gets_every_capability_back(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(added=("ALL",)))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)",),
    violations=(
        _container_that_keeps_the_default_capabilities,
        _container_that_drops_a_few_capabilities,
        _container_that_administers_the_host,
        _container_that_gets_every_capability_back,
    ),
)
def capabilities_dropped(containers: Containers) -> Iterator[Finding]:
    """Those that may be added bind low ports, and let an entry point give files and itself to an account of its own."""
    for container in containers.containers():
        everything = "ALL" in container.dropped and not container.privileged
        foreign = [name for name in container.added if name not in _HARMLESS]
        kept = "drops all" if everything else f"drops {', '.join(container.dropped) or 'none'}"
        held = f"is privileged and has all; {kept}" if container.privileged else kept
        yield Finding(
            subject=container.subject,
            ok=everything and not foreign,
            message=f"{held}, adds {', '.join(container.added) or 'none'}",
            remedy=f"set cap_drop: [ALL], and add none but {', '.join(sorted(_HARMLESS))}",
        )
