"""Every container has a limit of processes (45 CFR 164.308(a)(7)(ii)(C); NIST SP 800-53 SC-5)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_without_a_limit_of_processes(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(processes=0))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_container_without_a_limit_of_processes,),
)
def processes_limited(containers: Containers) -> Iterator[Finding]:
    """Without one, a fork bomb in one container stops all."""
    for container in containers.containers():
        yield Finding(
            subject=container.subject,
            ok=container.processes > 0,
            message=f"at most {container.processes} processes" if container.processes else "no limit of processes",
            remedy="set pids_limit, or deploy.resources.limits.pids",
        )
