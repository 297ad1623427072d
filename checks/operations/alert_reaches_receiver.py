"""When a service stops, somebody is told in time (45 CFR 164.308(a)(6)(ii); NIST SP 800-53 SI-4(5)).

A rule that is loaded proves nothing: its alert must fire, be delivered, and arrive where people look.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, MonitoringFlaws
from checks.model import Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import Alert, Monitoring


def _monitoring_without_rules(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(rules=False))


def _monitoring_without_a_receiver(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(receiver=False))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(6)(ii)", "hipaa:164.308(a)(1)(ii)(D)"),
    violations=(_monitoring_without_rules, _monitoring_without_a_receiver),
)
def alert_reaches_receiver(monitoring: Monitoring, policy: Policy) -> Iterator[Finding]:
    """One scraped service is really stopped, and its alert awaited at the receiver."""
    limit = policy.recovery.alert_s
    alert = monitoring.provoke(limit)
    in_time = alert.arrived and alert.seconds <= limit
    yield Finding(
        subject=f"alert {alert.name}",
        ok=in_time,
        message=f"arrived after {alert.seconds:.1f} s" if alert.arrived else f"did not arrive: {alert.detail}",
        remedy=_remedy(alert, limit),
        evidence=alert.detail,
    )


def _remedy(alert: Alert, limit: float) -> str:
    if not alert.rule_loaded:
        return f"load a rule named {alert.name} (expr: up == 0) in Prometheus's rule_files"
    if not alert.fired:
        return "shorten the rule's `for` and the scrape interval, and see that the service is scraped at all"
    if not alert.arrived:
        return "correct Alertmanager's route and its receiver, and see that the receiver answers"
    return f"shorten group_wait in Alertmanager: {limit:g} s are promised"
