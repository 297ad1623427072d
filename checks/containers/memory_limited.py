"""Every container has a memory limit (45 CFR 164.308(a)(7)(ii)(C); NIST SP 800-53 SC-6)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_without_a_memory_limit(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(memory=0))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(_container_without_a_memory_limit,),
)
def memory_limited(containers: Containers) -> Iterator[Finding]:
    """Without one, a leak in one container takes the memory of all."""
    for container in containers.containers():
        yield Finding(
            subject=container.subject,
            ok=container.memory > 0,
            message=f"memory limit {container.memory / (1 << 20):.0f} MiB" if container.memory else "no memory limit",
            remedy="set mem_limit, or deploy.resources.limits.memory",
        )
