"""The metrics that an alerting rule reads are found in its expression."""

from __future__ import annotations

import pytest

from fixtures.targets.monitoring.target import metrics

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up == 0", {"up"}),
        ('rate(asked_total{code=~"5.."}[1m]) / rate(asked_total[1m]) > 0.1', {"asked_total"}),
        ("sum by (host) (left_total) / on (host) group_left (job) right", {"left_total", "right"}),
        ("histogram_quantile(0.95, sum(rate(seconds_bucket[5m])) by (le)) > 2", {"seconds_bucket"}),
        ("ends_seconds - time() < 7 * 86400", {"ends_seconds"}),
        ("a:b:rate5m unless absent(gone) and 1e3 < bool other offset 5m", {"a:b:rate5m", "gone", "other"}),
        ("changes(process_start_time_seconds[5m]) > 2", {"process_start_time_seconds"}),
        ('named{text="up{x} == 0"} > 0', {"named"}),
    ],
)
def test_metrics_are_found(expression: str, names: set[str]) -> None:
    assert metrics(expression) == names
