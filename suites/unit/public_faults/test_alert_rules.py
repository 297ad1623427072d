"""What an alerting rule needs in order to fire, asked of a real Prometheus; and targets and rules that share a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from checks.model import Status
from checks.targets import AlertRule
from fixtures.application.connections import Connections, HttpEndpoint
from fixtures.lab.laboratory import Bench, Laboratory
from fixtures.services.monitoring import Job, Prometheus, ScrapeTarget
from fixtures.targets.monitoring.target import MonitoringTarget
from fixtures.wait import wait_for
from suites.unit.public_faults.edges import answering, broken, server_context, serving, verdict

RULES, TARGETS = "operations/alert_rules_watch_exported_series", "operations/scrape_targets_up"
PAGE = """# TYPE asked_total counter
# TYPE answered_total counter
answered_total{code="200"} 5
# TYPE seconds histogram
# TYPE depth gauge
depth{queue="a"} 1
# TYPE gone gauge
"""
RECORDING = {
    "job:asked:rate1m": "rate(asked_total[1m])",
    "job:nothing": "no_such_metric > 0",
    "job:of_itself": "job:of_itself + 1",
}
ABLE = [
    'up{job="watched"} == 0',
    '{__name__=~"dep.*"} > 1',
    '{__name__="depth", queue="a"} > 1',
    "depth offset 5m > 0",
    "max_over_time(depth[5m:1m]) > 3",
    'depth{text!="up{x} == 0"} > 0',
    "depth atan2 depth > 0",
    "holt_winters(depth[5m], 0.5, 0.5) > 1",
    # what is only written when something happens
    'count(ALERTS{alertstate="firing"}) > 100',
    'ALERTS{alertname="able 0"}',
    'rate(asked_total{code="500"}[1m]) > 0',
    'rate(answered_total{code="500"}[1m]) > 0',
    "rate(seconds_count[5m]) > 2",
    "histogram_quantile(0.95, sum by (le) (rate(seconds_bucket[5m]))) > 2",
    "job:asked:rate1m > 3",
    # what fires for want of a series, or without one
    "absent(no_such_metric)",
    'absent_over_time(up{job="no-such-job"}[5m])',
    "depth > 1 unless on (queue) no_such_metric",
    "no_such_metric > 1 or depth > 1",
    "vector(1) > time()",
]
BLIND = {
    "no_such_metric > 0": ("no_such_metric",),
    '{__name__="no_such_metric"}': ("no_such_metric",),
    'up{job="no-such-job"} == 0': ('up{job="no-such-job"}',),
    'depth{queue="b"} > 0': ('depth{queue="b"}',),
    "gone > 0": ("gone",),
    'rate(asked_total{job="no-such-job"}[1m]) > 0': ('asked_total{job="no-such-job"}',),
    'rate(answered_total{cod="500"}[1m]) > 0': ('answered_total{cod="500"}',),
    "rate(seconds[5m]) > 0": ("seconds",),  # a histogram is written as _bucket, _count and _sum
    "asked_sum > 0": ("asked_sum",),
    "count(no_such_metric) == 0": ("no_such_metric",),
    "vector(scalar(no_such_metric)) > 1": ("no_such_metric",),
    "depth and on (queue) no_such_metric": ("no_such_metric",),
    "no_such_metric unless depth": ("no_such_metric",),
    "depth / on (queue) no_such_metric > 1": ("no_such_metric",),
    "no_such_metric or no_other_metric": ("no_such_metric", "no_other_metric"),
    "job:nothing > 0": ("job:nothing",),
    "job:of_itself > 0": ("job:of_itself",),
    'ALERTS{alertname="no such alert"}': ('ALERTS{alertname="no such alert"}',),
}
WRONG = 'label_replace(up, "not-a-label", "$1", "job", "(.*)")'


@dataclass(frozen=True)
class _Loaded:
    """A Prometheus that has loaded the rules above, and what is told of them by name."""

    monitoring: MonitoringTarget
    rules: dict[str, AlertRule]


def _started(bench: Bench, exporter: str) -> MonitoringTarget:
    host = bench.host("monitor")
    alerts = [{"alert": f"able {place}", "expr": expression} for place, expression in enumerate(ABLE)]
    alerts += [{"alert": f"blind {place}", "expr": expression} for place, expression in enumerate(BLIND)]
    alerts += [{"alert": "wrong", "expr": WRONG}, {"alert": "wrong", "expr": "no_such_metric"}]
    recording = [{"record": name, "expr": expression} for name, expression in RECORDING.items()]
    path = host.directory / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "all", "rules": [*recording, *alerts]}]}))
    twins = tuple(ScrapeTarget(address, "exporter", instance="twin") for address in (exporter, "127.0.0.1:9"))
    job = Job("watched", twins)
    prometheus = Prometheus(host, bench.authority, jobs=[job], alertmanager="127.0.0.1:9", rules=path)
    prometheus.start()
    wait_for(prometheus.ready, what="Prometheus answers", timeout_s=20)
    endpoint = HttpEndpoint(f"https://{prometheus.address}", ca=bench.authority.certificate, member=prometheus.pair())
    return MonitoringTarget(Connections(endpoint), None, None)


@pytest.fixture(scope="module")
def loaded() -> Iterator[_Loaded]:
    """One for all tests: it is slow to start."""
    laboratory = Laboratory()
    page = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(PAGE)}\r\n\r\n{PAGE}"
    try:
        with laboratory.bench() as bench:
            host = bench.host("exporter")
            pair = bench.authority.issue("exporter", host.directory, names=(host.address,))
            with serving(answering(page.encode(), server_context(pair)), host.address) as port:
                monitoring = _started(bench, f"{host.address}:{port}")
                yield _Loaded(monitoring, {rule.name: rule for rule in monitoring.alert_rules()})
    finally:
        laboratory.close()


@pytest.mark.parametrize(("place", "expression"), enumerate(ABLE))
def test_a_rule_that_can_fire_is_not_accused(loaded: _Loaded, place: int, expression: str) -> None:
    """12. Whatever it is made of: series that only come with an event, and those whose absence is the point."""
    rule = loaded.rules[f"able {place}"]
    assert (rule.error, rule.blind, rule.unread) == ("", (), ""), expression


@pytest.mark.parametrize(("place", "expression"), enumerate(BLIND))
def test_a_rule_that_can_never_fire_is_told(loaded: _Loaded, place: int, expression: str) -> None:
    """12. With the very selectors that give nothing."""
    rule = loaded.rules[f"blind {place}"]
    assert (rule.error, rule.blind, rule.unread) == ("", BLIND[expression], "")


def test_a_rule_that_cannot_be_evaluated_fails_and_hides_no_namesake(loaded: _Loaded) -> None:
    seen = verdict(loaded.monitoring, RULES)
    of_wrong = [line for line in broken(seen) if line.startswith("alerting rule wrong of all: ")]

    assert seen.status is Status.FAIL
    judged = [finding for finding in seen.findings if finding.subject.endswith(" of all")]
    assert len(judged) == len(ABLE) + len(BLIND) + 2
    assert "cannot be evaluated: invalid destination label name" in of_wrong[0]
    assert "reads no_such_metric, of which there is no series" in of_wrong[1]


def test_two_targets_of_one_job_and_instance_are_judged_apart(loaded: _Loaded) -> None:
    """11. One of them is down."""
    seen = verdict(loaded.monitoring, TARGETS)

    assert seen.status is Status.FAIL
    assert sorted(finding.ok for finding in seen.findings) == [False, True]
    assert "https://127.0.0.1:9/metrics: could not be scraped: " in broken(seen)[0]
