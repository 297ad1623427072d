"""A container reaches only those that the description lets it reach (45 CFR 164.312(e)(1); NIST SP 800-53 SC-7; NIST SP
800-190 section 4.4.2).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _containers_of_two_segments(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(neighbour="apart"))


def _containers_of_one_network(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(neighbour="beside"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(e)(1)", "hipaa:164.312(a)(1)"),
    violations=(_containers_of_one_network,),
    clean=_containers_of_two_segments,
)
def segments_separated(containers: Containers) -> Iterator[Finding]:
    """From the network of every container, each place where another one listens is called."""
    for path in containers.paths():
        places = ", ".join(path.reached)
        yield Finding(
            subject=f"container {path.source} to {path.target}",
            ok=path.allowed or not path.reached,
            message=f"reaches {places}" if places else "reaches nothing there",
            remedy="put them into networks of their own, or name the path under [containers.segments]",
            evidence="declared in [containers.segments]" if path.allowed else "",
        )
