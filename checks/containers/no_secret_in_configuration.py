"""No secret stands in a container's environment, command or labels (45 CFR 164.312(d); NIST SP 800-53 IA-5(7); NIST SP
800-190 section 4.1.4).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.containers._secrets import is_secret
from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers

_SHOWN = 5


def _container_with_a_password_in_its_environment(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(environment=("POSTGRES_PASSWORD=correct-horse",)))


def _container_with_a_password_in_a_link(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(environment=("DATABASE=postgres://app:correct-horse@db/app",)))


def _container_with_a_token_in_a_label(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(labels=("deploy.api_token=correct-horse",)))


def _container_with_a_password_in_its_command(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(arguments=("--admin-password", "correct-horse")))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(d)", "hipaa:164.312(a)(1)"),
    violations=(
        _container_with_a_password_in_its_environment,
        _container_with_a_password_in_a_link,
        _container_with_a_token_in_a_label,
        _container_with_a_password_in_its_command,
    ),
)
def no_secret_in_configuration(containers: Containers) -> Iterator[Finding]:
    """Whoever may inspect a container reads them. The path of a file that holds a secret is none."""
    for container in containers.containers():
        told = sorted({f"{setting.name} ({setting.place})" for setting in container.settings if is_secret(setting)})
        shown = ", ".join(told[:_SHOWN]) + (f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else "")
        yield Finding(
            subject=container.subject,
            ok=not told,
            message=f"secrets in {shown}"
            if told
            else f"none of {len(container.settings)} settings looks like a secret",
            remedy="give it as a file (secrets: in Compose, NAME_FILE=/run/secrets/name), and replace what was shown",
        )
