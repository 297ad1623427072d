"""Prometheus reaches everything that it watches (45 CFR 164.308(a)(1)(ii)(D))."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, MonitoringFlaws
from checks.model import Finding, Gate, Severity, check
from checks.targets import Monitoring, ScrapeState


def _monitoring_of_a_stopped_service(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(scraped=False))


def _one_of_two_targets_of_one_name_down(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(namesake=True))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(1)(ii)(D)",),
    violations=(_monitoring_of_a_stopped_service, _one_of_two_targets_of_one_name_down),
)
def scrape_targets_up(monitoring: Monitoring) -> Iterator[Finding]:
    """Each active target of the last scrape, also where several share job and instance."""
    for target in monitoring.targets():
        yield Finding(
            subject=f"scrape target {_name(target)}",
            ok=target.up,
            message="is scraped" if target.up else f"could not be scraped: {target.error or 'no reason is given'}",
            remedy="start the service, or correct the address, certificate and path of its scrape job",
            evidence=", ".join(f"{label}={value}" for label, value in sorted(target.labels.items())),
        )


def _name(target: ScrapeState) -> str:
    job, instance = target.labels.get("job", ""), target.labels.get("instance", "")
    return " ".join(part for part in (target.pool, job if job != target.pool else "", instance, target.url) if part)
