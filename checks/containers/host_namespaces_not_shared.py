"""No container shares the host's network, processes or IPC (45 CFR 164.312(a)(1) and 164.312(e)(1); NIST SP 800-53
SC-39; NIST SP 800-190 section 4.4.3).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_on_the_network_of_the_host(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(network="host", serves=False))


def _container_among_the_processes_of_the_host(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(pid="host"))


def _container_with_the_ipc_of_the_host(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(ipc="host"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.312(e)(1)"),
    violations=(
        _container_on_the_network_of_the_host,
        _container_among_the_processes_of_the_host,
        _container_with_the_ipc_of_the_host,
    ),
)
def host_namespaces_not_shared(containers: Containers) -> Iterator[Finding]:
    """Each is a namespace of its own, unless the host's is asked for."""
    for container in containers.containers():
        shared = ", ".join(container.host_namespaces)
        yield Finding(
            subject=container.subject,
            ok=not shared,
            message=f"shares the host's {shared}" if shared else "shares no namespace with the host",
            remedy="remove network_mode, pid and ipc: host; publish the ports that it serves",
        )
