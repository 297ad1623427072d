"""Every alert that should be written can come: its rule is loaded and reads series that are there (45 CFR
164.308(a)(1)(ii)(D)).

A rule over a series that does not exist is never true and never complains, nor does one that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, MonitoringFlaws
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.policy import Policy
from checks.targets import AlertRule, Monitoring

_REMEDY = "export the metric, scrape the target that does, or correct the rule's expression"


def _rule_over_a_gauge_that_nobody_exports(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(expressions=("privacy_budget_remaining < 0.1",)))


def _rule_over_a_name_in_braces(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(expressions=('{__name__="no_such_metric"} > 0',)))


def _rule_over_a_job_that_is_not_there(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(expressions=('up{job="no-such-job"} == 0',)))


def _first_of_two_rules_of_one_name_blind(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(expressions=("no_such_metric > 0", "up == 0")))


def _rule_that_cannot_be_evaluated(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(expressions=('label_replace(up, "not-a-label", "$1", "job", "(.*)") == 0',)))


def _rule_over_a_series_that_vanished(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(expressions=("llamacpp:requests_deferred > 16",), vanished=True))


def _one_alert_of_the_policy_missing(lab: Lab) -> Monitoring:
    return lab.build(MonitoringFlaws(left_out=True))


@check(
    gate=Gate.OPERATIONS,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.308(a)(1)(ii)(D)", "hipaa:164.308(a)(6)(ii)"),
    violations=(
        _rule_over_a_gauge_that_nobody_exports,
        _rule_over_a_name_in_braces,
        _rule_over_a_job_that_is_not_there,
        _first_of_two_rules_of_one_name_blind,
        _rule_that_cannot_be_evaluated,
        _rule_over_a_series_that_vanished,
        _one_alert_of_the_policy_missing,
    ),
)
def alert_rules_watch_exported_series(monitoring: Monitoring, policy: Policy) -> Iterator[Finding]:
    """The alerts that the policy names, then each loaded rule: its evaluation, and the series that it cannot do
    without.
    """
    rules = monitoring.alert_rules()
    yield from _loaded(rules, policy.operations.required_alerts)
    for rule in rules:
        if rule.error or rule.blind or not rule.unread:
            yield _able(rule)
    unread = next((rule for rule in rules if rule.unread and not rule.error), None)
    if unread is not None:
        msg = f"whether alerting rule {unread.name} can fire cannot be told: {unread.unread}"
        raise CannotLookError(msg)


def _loaded(rules: tuple[AlertRule, ...], required: tuple[str, ...]) -> Iterator[Finding]:
    names = {rule.name for rule in rules}
    yield Finding(
        subject="alerting rules",
        ok=bool(rules),
        message=f"{len(rules)} are loaded" if rules else "none is loaded",
        remedy="name the files of rules in Prometheus's rule_files",
    )
    for name in required:
        yield Finding(
            subject=f"alert {name}",
            ok=name in names,
            message="is loaded" if name in names else "no rule of that name is loaded",
            remedy="load a rule of that name, or name in the policy's [operations] required_alerts what stands for it",
        )


def _able(rule: AlertRule) -> Finding:
    message = f"reads {', '.join(rule.blind)}, of which there is no series" if rule.blind else "reads series that exist"
    return Finding(
        subject=f"alerting rule {rule.name} of {rule.group}",
        ok=not rule.error and not rule.blind,
        message=f"cannot be evaluated: {rule.error}" if rule.error else message,
        remedy=_REMEDY,
        evidence=rule.expression,
    )
