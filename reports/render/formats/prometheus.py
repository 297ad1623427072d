"""Prometheus' text format, for a textfile collector: decision, score, checks, figures, and when the run was.

Names by https://prometheus.io/docs/practices/naming/: base units in the name, shares from 0 to 1, times in seconds
since 1970. What could not be measured has no sample: alert on ``absent()`` and on the age of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from checks.model import Status
from reports.document import ReportDocument
from reports.measured import measured
from reports.records import Verdict
from reports.verify import Verified

_FIGURES = {
    "RTO": ("recovery_time_seconds", "From the fault to the first write that was acknowledged again.", ("scenario",)),
    "RPO": ("recovery_point_seconds", "Span of the acknowledged writes that were lost.", ("scenario",)),
    "p95": ("load_latency_p95_seconds", "95th percentile of latency, from the intended start.", ("profile", "request")),
    "epsilon": ("privacy_epsilon", "Epsilon that one query claims.", ("source", "mechanism")),
    "epsilon spent": ("privacy_spent_epsilon", "Epsilon that one user could spend.", ("source", "mechanism")),
}
_IN_BASE = {"s": 1, "ms": 1000, "": 1}


def prometheus(found: Verified) -> bytes:
    """The file's bytes; equal reports give equal bytes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Report(found))
    return bytes(generate_latest(registry))


class _Report(Collector):
    def __init__(self, found: Verified) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        document = self._found.document
        yield from _run(self._found)
        yield from _checks(document)
        yield from _figures(document)
        yield from _drills(document)


def _run(found: Verified) -> Iterator[Metric]:
    document, identity = found.document, found.document.identity
    names = ("kind", "policy", "run", "version", "report_sha256")
    values = (identity.kind, identity.policy, identity.run_id, identity.harness_version, found.digest)
    yield _gauge(document, "report_info", "What the other samples are of.", names, [(values, 1.0)])
    decided = [((verdict.value,), float(document.decision is verdict)) for verdict in Verdict]
    yield _gauge(document, "decision", "1 for what was decided.", ("decision",), decided)
    help_text = "Score of the run, 1 at most."
    yield _gauge(document, "score_ratio", help_text, (), [((), _share(document.score))])
    yield _gauge(document, "score_floor_ratio", "Least score of the policy.", (), [((), _share(document.floor))])
    for name, moment in (("started", identity.started), ("ended", identity.ended)):
        help_text = f"When the run {name}."
        yield _gauge(document, f"run_{name}_timestamp_seconds", help_text, (), [((), moment.timestamp())])


def _checks(document: ReportDocument) -> Iterator[Metric]:
    counts = [
        ((gate.gate.value, status.value), float(gate.counts.get(status, 0)))
        for gate in document.gates
        for status in Status
    ]
    yield _gauge(document, "checks", "Checks by gate and status.", ("gate", "status"), counts)
    yield _gauge(document, "checks_proven", "Checks proven able to fail.", (), [((), float(document.proven))])


def _figures(document: ReportDocument) -> Iterator[Metric]:
    for kind, (name, help_text, labels) in _FIGURES.items():
        samples = [
            (figure.of, figure.value / _IN_BASE[figure.unit])
            for figure in measured(document)
            if figure.kind == kind and figure.value is not None
        ]
        yield _gauge(document, name, help_text, labels, samples)


def _drills(document: ReportDocument) -> Iterator[Metric]:
    lost = [((drill.scenario,), float(drill.lost)) for drill in document.drills if drill.complete_read]
    yield _gauge(document, "lost_writes", "Acknowledged writes that were lost.", ("scenario",), lost)


def _share(percent: float) -> float:
    return round(percent / 100, 4)


def _gauge(
    document: ReportDocument,
    name: str,
    help_text: str,
    labels: tuple[str, ...],
    samples: Sequence[tuple[tuple[str, ...], float]],
) -> Metric:
    family = GaugeMetricFamily(f"clinical_gate_{name}", help_text, labels=("target", *labels))
    worst: dict[tuple[str, ...], float] = {}
    for values, value in samples:  # two loads of one profile: a sample may stand only once
        worst[values] = max(value, worst.get(values, value))
    for values, value in worst.items():
        family.add_metric((document.identity.name, *values), value)
    return family
