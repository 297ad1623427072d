"""A series of nights in Prometheus' text format, for a textfile collector: alert on each that is not 0.

An alert on a night that is missing also wants the age of the file: whoever writes it may be what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reports.nightly import Night, NightFault, NightRemark


def nightly_metrics(found: Mapping[str, tuple[Sequence[Night], Sequence[NightRemark]]], now: datetime) -> bytes:
    """The file's bytes.

    Args:
        found: target -> its nights and what is amiss with them.
        now: when it was looked.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Nights(found, now))
    return bytes(generate_latest(registry))


class _Nights(Collector):
    def __init__(self, found: Mapping[str, tuple[Sequence[Night], Sequence[NightRemark]]], now: datetime) -> None:
        self._found, self._now = found, now

    def collect(self) -> Iterator[Metric]:
        help_text = "How many things are amiss with the nightly reports."
        faults = GaugeMetricFamily("clinical_gate_night_faults", help_text, labels=("target", "fault"))
        help_text = "When the newest nightly report ended."
        ended = GaugeMetricFamily("clinical_gate_night_ended_timestamp_seconds", help_text, labels=("target",))
        for target, (nights, remarks) in self._found.items():
            for fault in NightFault:
                faults.add_metric((target, fault.value), sum(remark.fault is fault for remark in remarks))
            if nights:
                ended.add_metric((target,), nights[-1].ended.timestamp())
        yield faults
        yield ended
        looked = GaugeMetricFamily("clinical_gate_night_looked_timestamp_seconds", "When it was looked.")
        looked.add_metric((), self._now.timestamp())
        yield looked
