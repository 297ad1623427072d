"""Only its owner can read a private key (45 CFR 164.312(a)(1) and 164.312(d))."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import HostFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Hosts

_OTHERS = 0o077


def _key_that_everybody_reads(lab: Lab) -> Hosts:
    return lab.build(HostFlaws(key_mode=0o644))


def _key_that_its_group_reads(lab: Lab) -> Hosts:
    return lab.build(HostFlaws(key_mode=0o640))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.312(d)"),
    violations=(_key_that_everybody_reads, _key_that_its_group_reads),
)
def private_keys_not_readable(hosts: Hosts) -> Iterator[Finding]:
    """The mode of every declared key gives nothing to group and others."""
    for key in hosts.private_keys():
        yield Finding(
            subject=f"private key {key.path}{f' on {key.host}' if key.host else ''}",
            ok=not key.mode & _OTHERS,
            message=f"mode {key.mode:04o}, owner {key.owner}, group {key.group}",
            remedy=f"chmod 600 {key.path}, and replace the key: it may have been read",
        )
