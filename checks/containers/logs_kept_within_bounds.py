"""The output of every container is kept, and cannot fill the disk (45 CFR 164.312(b); NIST SP 800-53 AU-4, AU-11)."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Containers


def _container_whose_log_grows_for_ever(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(log="json-file"))


def _container_whose_log_is_one_file(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(log="json-file", log_options=("max-size=1m",)))


def _container_whose_output_is_thrown_away(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(log="none"))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.312(b)",),
    violations=(
        _container_whose_log_grows_for_ever,
        _container_whose_log_is_one_file,
        _container_whose_output_is_thrown_away,
    ),
)
def logs_kept_within_bounds(containers: Containers) -> Iterator[Finding]:
    """Drivers that rotate by themselves or send elsewhere do; ``json-file`` needs a size, and several files of it."""
    for container in containers.containers():
        log = container.log
        limits = f"max-size {log.max_size or 'not set'}, max-file {log.max_file or 'not set'}"
        rotated = log.max_size not in ("", "-1") and log.max_file not in ("", "0", "1")
        yield Finding(
            subject=container.subject,
            ok=log.driver not in ("", "none") and (log.driver != "json-file" or rotated),
            message=f"log driver {log.driver or 'not told'}{f', {limits}' if log.driver == 'json-file' else ''}",
            remedy="set logging.driver: local, or json-file with the options max-size and max-file (2 or more)",
        )
