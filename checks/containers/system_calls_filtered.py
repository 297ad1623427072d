"""The system calls of every container are filtered (45 CFR 164.312(a)(1); NIST SP 800-53 SC-39; NIST SP 800-190
section 4.4.3).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_without_a_filter(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(security=("no-new-privileges:true", "seccomp=unconfined")))


def _container_whose_filter_lets_everything_through(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(security=("no-new-privileges:true", 'seccomp={"defaultAction": "SCMP_ACT_ALLOW"}')))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)",),
    violations=(_container_without_a_filter, _container_whose_filter_lets_everything_through),
)
def system_calls_filtered(containers: Containers) -> Iterator[Finding]:
    """By the engine's seccomp profile or by one of its own; a profile that allows everything is none."""
    for container in containers.containers():
        yield Finding(
            subject=container.subject,
            ok=container.seccomp != "none",
            message=f"seccomp profile: {container.seccomp}",
            remedy="remove seccomp=unconfined and privileged; a profile of its own must refuse by default",
        )
