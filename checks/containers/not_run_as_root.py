"""No container runs as the host's root (45 CFR 164.312(a)(1); NIST SP 800-53 AC-6; NIST SP 800-190 section 4.1.2)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Containers

_REMAPPED = ", in a user namespace"


def _container_without_a_user(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(user=""))


def _container_with_uid_0(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(user="0:0"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(a)(1)",),
    violations=(_container_without_a_user, _container_with_uid_0),
)
def not_run_as_root(containers: Containers) -> Iterator[Finding]:
    """The user that is configured, and the effective uid of the main process. In a user namespace, root is nobody."""
    unseen = []
    for container in containers.containers():
        root = container.user.partition(":")[0] in ("", "root", "0") or container.main_uid == 0
        seen = container.main_uid is not None
        runs = f"its main process has uid {container.main_uid}" if seen else f"{container.state}, of unknown uid"
        unseen += [container.subject] if container.state == "running" and not seen else []
        yield Finding(
            subject=container.subject,
            ok=(container.remapped and container.main_uid != 0) or not root,
            message=f"user {container.user or 'not set (root)'}, {runs}{_REMAPPED if container.remapped else ''}",
            remedy="set a user of its own: user: in Compose, USER in its Dockerfile",
        )
    if unseen:
        msg = f"the engine's host does not tell as whom these run: {', '.join(unseen)}"
        raise CannotLookError(msg)
