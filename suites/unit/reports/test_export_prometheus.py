"""Prometheus: the figures of a report, read back by the parser of its own client, under names of its conventions."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reports.document import ReportDocument
from suites.unit.reports.export_samples import HOSTILE, Exporter, mixed
from suites.unit.reports.report_samples import END, START, document

pytestmark = pytest.mark.unit

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def exporter(tmp_path: Path) -> Exporter:
    """A signer, and nothing published yet."""
    return Exporter(tmp_path)


def _samples(exporter: Exporter, made: ReportDocument) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(exporter.export(made, "prometheus").decode()):
        assert family.documentation, family.name
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "target"}
            assert sample.labels["target"] == made.identity.name
            key = (sample.name.removeprefix("clinical_gate_"), tuple(sorted(labels.items())))
            assert key not in found, "a sample that stands twice makes the whole file unreadable"
            found[key] = sample.value
    return found


def test_decision_score_and_times(exporter: Exporter) -> None:
    samples = _samples(exporter, mixed())
    assert {labels[0][1]: value for (name, labels), value in samples.items() if name == "decision"} == {
        "APPROVED": 0.0,
        "CONDITIONAL": 0.0,
        "REJECTED": 1.0,
    }
    assert samples["score_ratio", ()] == 0.274
    assert samples["run_started_timestamp_seconds", ()] == START.timestamp()
    assert samples["run_ended_timestamp_seconds", ()] == END.timestamp()


def test_every_check_is_counted_by_status(exporter: Exporter) -> None:
    made = mixed()
    counts = {labels: value for (name, labels), value in _samples(exporter, made).items() if name == "checks"}
    assert sum(counts.values()) == len(made.checks)
    assert counts[("gate", "security"), ("status", "UNKNOWN")] == 2.0


def test_figures_are_in_base_units(exporter: Exporter) -> None:
    samples = _samples(exporter, document())
    drill = (("scenario", "primary_killed"),)
    assert samples["recovery_time_seconds", drill] == 7.31
    assert samples["recovery_point_seconds", drill] == 0.0
    assert samples["load_latency_p95_seconds", (("profile", "clinic"), ("request", "patients"))] == 0.009
    assert samples["privacy_epsilon", (("mechanism", "gaussian"), ("source", "router"))] == 0.05


def test_what_is_not_known_has_no_sample(exporter: Exporter) -> None:
    made = document()
    drill = made.drills[0].model_copy(update={"complete_read": False, "rto_s": None})
    names = {name for name, _ in _samples(exporter, made.model_copy(update={"drills": (drill,)}))}
    assert "decision" in names
    assert names & {"recovery_time_seconds", "recovery_point_seconds", "lost_writes"} == set()


def test_of_two_loads_of_one_profile_the_worst_counts(exporter: Exporter) -> None:
    made = document()
    slow = made.load[0].kinds[0].model_copy(update={"p95_ms": 500.0})
    loads = (made.load[0].model_copy(update={"kinds": (slow,)}), made.load[0])
    samples = _samples(exporter, made.model_copy(update={"load": loads}))
    assert samples["load_latency_p95_seconds", (("profile", "clinic"), ("request", "patients"))] == 0.5


def test_a_hostile_name_is_read_back_as_it_is(exporter: Exporter) -> None:
    samples = _samples(exporter, document(name=f'{HOSTILE}"}} 1\nfake_metric 1\\'))
    assert not any("fake" in name for name, _ in samples)


def test_names_keep_the_conventions(exporter: Exporter) -> None:
    """Lower case, the program's name first, no metric's type in it, and every value a number."""
    content = exporter.export(mixed(), "prometheus").decode()
    families = list(text_string_to_metric_families(content))
    assert len(families) > 8
    for family in families:
        assert re.fullmatch(r"clinical_gate(_[a-z0-9]+)+", family.name)
        assert not re.search(r"_(gauge|counter|total|milliseconds|percent)(_|$)", family.name)
        assert all(math.isfinite(sample.value) for sample in family.samples)
    assert content.endswith("\n")
