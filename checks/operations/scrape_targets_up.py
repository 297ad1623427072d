"""Prometheus reaches everything that it watches (45 CFR 164.308(a)(1)(ii)(D))."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, MonitoringFlaws
from checks.model import Finding, Gate, Severity, check
from checks.targets import Monitoring


def _monitoring_of_a_stopped_service(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(scraped=False))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(1)(ii)(D)",),
    violations=(_monitoring_of_a_stopped_service,),
)
def scrape_targets_up(monitoring: Monitoring) -> Iterator[Finding]:
    """Each active target of the last scrape."""
    for target, up in sorted(monitoring.targets().items()):
        yield Finding(
            subject=f"scrape target {target}",
            ok=up,
            message="is scraped" if up else "could not be scraped",
            remedy="start the service, or correct the address, certificate and path of its scrape job",
        )
