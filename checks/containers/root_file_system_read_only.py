"""No container can write to its own root file system (45 CFR 164.312(c)(1); NIST SP 800-190 section 4.4.4)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_that_can_write_to_its_root(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(read_only=False))


@check(
    gate=Gate.SECURITY,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.312(c)(1)",),
    violations=(_container_that_can_write_to_its_root,),
)
def root_file_system_read_only(containers: Containers) -> Iterator[Finding]:
    """What a container must write goes to volumes and to tmpfs."""
    for container in containers.containers():
        yield Finding(
            subject=container.subject,
            ok=container.read_only,
            message=f"its root file system is {'read-only' if container.read_only else 'writable'}",
            remedy="set read_only: true, with volumes or tmpfs for what it must write",
        )
