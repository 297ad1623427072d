"""No database or cache process runs as root (45 CFR 164.312(a)(1); NIST SP 800-53 AC-6)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import HostFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Hosts


def _cache_run_as_root(lab: Lab) -> Hosts:
    return lab.build(HostFlaws(account="root"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)",),
    violations=(_cache_run_as_root,),
)
def stores_not_run_as_root(hosts: Hosts) -> Iterator[Finding]:
    """One finding per process; none at all means that nothing was examined."""
    for process in hosts.store_processes():
        yield Finding(
            subject=f"{process.command} (pid {process.pid}{f' on {process.host}' if process.host else ''})",
            ok=process.user != "root",
            message=f"runs as {process.user}",
            remedy=f"run {process.command} under a service account of its own (systemd: User=)",
        )
