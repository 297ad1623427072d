"""No process of a container can gain privileges (45 CFR 164.312(a)(1); NIST SP 800-53 AC-6(10))."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers

_PRIVILEGED = ", and it is privileged"


def _container_whose_processes_may_gain_privileges(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(security=()))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)",),
    violations=(_container_whose_processes_may_gain_privileges,),
)
def no_new_privileges(containers: Containers) -> Iterator[Finding]:
    """Of programs with the set-uid bit, say. A privileged container has them already."""
    for container in containers.containers():
        ok = container.no_new_privileges and not container.privileged
        told = "set" if container.no_new_privileges else "not set"
        yield Finding(
            subject=container.subject,
            ok=ok,
            message=f"no-new-privileges is {told}{_PRIVILEGED if container.privileged else ''}",
            remedy="set security_opt: [no-new-privileges:true]",
        )
