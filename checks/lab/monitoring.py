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
        expressions: what alerting rules named ServiceDown evaluate, one each; rules of the other names that the policy
            requires evaluate ``up == 0``.
        left_out: True leaves out the last of these names.
        namesake: True adds a target of the same job and instance that nobody serves.
        vanished: True stops the scraped service after its series have been seen, and waits until they are gone.
    """

    rules: bool = True
    receiver: bool = True
    scraped: bool = True
    expressions: tuple[str, ...] = ("up == 0",)
    left_out: bool = False
    namesake: bool = False
    vanished: bool = False
