"""Every alerting rule reads metrics that something really exports (45 CFR 164.308(a)(1)(ii)(D)).

A rule over a series that does not exist is never true and never complains: the alert was written, and cannot come.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, MonitoringFlaws
from checks.model import Finding, Gate, Severity, check
from checks.targets import Monitoring


def _rule_over_a_gauge_that_nobody_exports(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(expression="privacy_budget_remaining < 0.1"))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(1)(ii)(D)", "hipaa:164.308(a)(6)(ii)"),
    violations=(_rule_over_a_gauge_that_nobody_exports,),
)
def alert_rules_watch_exported_series(monitoring: Monitoring) -> Iterator[Finding]:
    """Each loaded rule's metrics, looked up among what the scraped targets export."""
    for rule, missing in sorted(monitoring.rules_without_series().items()):
        yield Finding(
            subject=f"alerting rule {rule}",
            ok=not missing,
            message=f"reads {', '.join(missing)}, which no target exports" if missing else "reads exported metrics",
            remedy="export the metric, scrape the target that does, or correct the rule's expression",
        )
