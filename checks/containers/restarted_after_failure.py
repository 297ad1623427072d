"""Every container is started again when it fails (45 CFR 164.308(a)(7)(ii)(C); NIST SP 800-53 CP-10)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers

_POLICIES = ("on-failure", "unless-stopped", "always", "swarm")
_DONE = ", a job that has ended well"


def _container_that_stays_down(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(restart="no"))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_container_that_stays_down,),
)
def restarted_after_failure(containers: Containers) -> Iterator[Finding]:
    """By its engine or an orchestrator. A job that has ended well is not started again."""
    for container in containers.containers():
        yield Finding(
            subject=container.subject,
            ok=container.done or container.restart in _POLICIES,
            message=f"restart policy {container.restart}{_DONE if container.done else ''}",
            remedy="set restart: unless-stopped",
        )
