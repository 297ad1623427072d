"""No container is privileged (45 CFR 164.312(a)(1); NIST SP 800-53 AC-6; NIST SP 800-190 section 4.4.3)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_that_is_privileged(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(privileged=True))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(1)",),
    violations=(_container_that_is_privileged,),
)
def not_privileged(containers: Containers) -> Iterator[Finding]:
    """A privileged container has every device and capability of the host."""
    for container in containers.containers():
        yield Finding(
            subject=container.subject,
            ok=not container.privileged,
            message=f"is {'' if container.privileged else 'not '}privileged",
            remedy="leave privileged out; give it the one device or capability that it needs",
        )
