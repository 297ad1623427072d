"""Every container has a health check, and one that can fail (45 CFR 164.308(a)(7)(ii)(C); NIST SP 800-53 SI-4)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.containers._health import always_succeeds
from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_without_a_health_check(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(health=()))


def _container_whose_health_check_is_off(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(health=("NONE",)))


def _container_whose_dead_server_counts_as_healthy(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(health=("CMD", "/bin/busybox", "true"), serves=False))


def _container_whose_failed_look_counts_as_good(lab: Lab) -> Containers:
    return lab.build(
        ContainerFlaws(health=("CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:8080/ || exit 0"), serves=False)
    )


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(7)(ii)(C)", "gdpr:32(1)(b)"),
    violations=(
        _container_without_a_health_check,
        _container_whose_health_check_is_off,
        _container_whose_dead_server_counts_as_healthy,
        _container_whose_failed_look_counts_as_good,
    ),
)
def health_checks_can_fail(containers: Containers) -> Iterator[Finding]:
    """A test that always succeeds says that a dead service is well. A job that is done needs none."""
    for container in containers.containers():
        test = container.health.test if container.health else ()
        blind = always_succeeds(test)
        said = (
            f"its test cannot fail: {test[0]} ..." if blind else f"it has a test ({test[0]})" if test else "it has none"
        )
        yield Finding(
            subject=container.subject,
            ok=container.done or (bool(test) and not blind),
            message="a job that has ended well" if container.done else f"health check: {said}",
            remedy="set healthcheck.test to a request that only the working service answers, and let it fail",
        )
