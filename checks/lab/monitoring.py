"""What can be wrong with monitoring."""

from __future__ import annotations

from dataclasses import dataclass

from checks.lab.flaws import Flaws
from checks.targets import Monitoring


@dataclass(frozen=True)
class MonitoringFlaws(Flaws[Monitoring]):
    """Prometheus, Alertmanager and a receiver over one scraped service.

    Args:
        rules: False loads no alerting rule.
        receiver: False starts nobody who takes alerts.
        scraped: False stops the scraped service.
        expression: what the one alerting rule evaluates.
    """

    rules: bool = True
    receiver: bool = True
    scraped: bool = True
    expression: str = "up == 0"
