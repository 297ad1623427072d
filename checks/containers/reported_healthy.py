"""Every container runs, and its engine says that it is healthy (45 CFR 164.308(a)(7)(ii)(C); NIST SP 800-53 SI-4)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_whose_server_is_dead(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(serves=False))


def _container_whose_health_is_not_known_yet(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(health=("CMD", "/bin/busybox", "sleep", "60"), settles=False))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_container_whose_server_is_dead, _container_whose_health_is_not_known_yet),
)
def reported_healthy(containers: Containers) -> Iterator[Finding]:
    """A container without a health check is looked at for whether it runs."""
    for container in containers.containers():
        health = container.health.status if container.health else "of unknown health"
        failing = container.health.failing if container.health else 0
        ok = container.state == "running" and (container.health is None or health == "healthy")
        said = (
            f"{container.state} and {health or 'of unknown health'}"
            if container.exit_code is None
            else f"{container.state} with {container.exit_code}"
        )
        yield Finding(
            subject=container.subject,
            ok=ok or container.done,
            message=f"{said}{f', {failing} failed looks in a row' if failing else ''}",
            remedy=f"docker logs {container.name}, and docker inspect {container.name} for what its health check said",
        )
