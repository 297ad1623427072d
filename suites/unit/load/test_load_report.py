"""What a report keeps of a load, and the few lines that a board reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from checks.targets import Accelerator, Load, Mark
from reports import manifest
from reports.document import decode, encode
from reports.figures import LatencyRecord, LoadRecord
from reports.files import sha256
from reports.render.allure_decision import write_decision
from reports.render.load.files import evidence
from reports.render.load.lines import load_lines
from reports.writer import publish
from suites.unit.load.load_samples import empty, load
from suites.unit.reports.report_samples import document


def test_a_record_counts_what_failed_and_what_was_good() -> None:
    """Over all requests, times inside them left out; against the budget that the policy leaves."""
    kept = LoadRecord.of(load(), 0.01)
    assert (kept.requests, kept.failed) == (400, 13)
    assert kept.errors == {"status 503": 10, "timed out": 3}
    assert kept.availability == pytest.approx(387 / 400)
    assert kept.burn_rate == pytest.approx(13 / 400 / 0.01)
    assert kept.goodput == kept.good / 400
    assert kept.good == sum(kind.good for kind in load().kinds)


def test_a_record_keeps_what_happened_and_who_sent_it() -> None:
    """Marks, processes, writes and objectives as they were."""
    kept = LoadRecord.of(replace(load(), accelerators=(Accelerator("H200", 0.5, 0.25),)))
    assert [(mark.at_s, mark.what) for mark in kept.marks] == [(10.0, "router 1 paused"), (12.0, "router 1 healed")]
    assert [(each.name, each.requests, each.cpu) for each in kept.generators] == [
        ("worker 1 on a", 250, 0.31),
        ("worker 2 on b", 150, 0.2),
    ]
    assert kept.written is not None
    assert (kept.written.acknowledged, kept.written.lost, kept.written.duplicated) == (57, 1, 2)
    assert kept.objectives["inference"].first_token_ms == 500
    assert [(each.name, each.memory, each.utilisation) for each in kept.accelerators] == [("H200", 0.5, 0.25)]


def test_an_empty_load_claims_no_share() -> None:
    """Nothing of nothing is neither all nor none."""
    kept = LoadRecord.of(empty(), 0.01)
    assert (kept.requests, kept.availability, kept.burn_rate, kept.goodput) == (0, None, None, None)
    assert list(load_lines(kept)) == [
        "ward: 20 users for 40 s, Poisson arrivals at 10/s, seed 7",
        "  generator CPU 0 % of one core",
        "  incomplete: nurse.x could not log in: wrong body",
    ]


def test_without_objectives_there_is_no_goodput() -> None:
    """Nobody said what good is, so nothing is said about it."""
    assert LoadRecord.of(replace(load(), objectives={})).goodput is None


def test_secrets_in_causes_and_marks_are_cut() -> None:
    """What a deployment answered may hold one."""
    told = replace(load(), marks=(Mark(1.0, "password=hunter2"),), problem="token: abc123", complete=False)
    kept = LoadRecord.of(told)
    assert "hunter2" not in kept.marks[0].what
    assert "abc123" not in kept.problem


def test_a_report_of_before_can_still_be_read() -> None:
    """Figures that it does not have are none."""
    old = json.loads(encode(document()))
    for name in set(LoadRecord.model_fields) - {
        "profile",
        "users",
        "seconds",
        "arrival",
        "seed",
        "kinds",
        "generator_cpu",
        "complete",
        "problem",
    }:
        del old["load"][0][name]
    for kind in old["load"][0]["kinds"]:
        del kind["good"]
    kept = decode(json.dumps(old).encode()).load[0]
    assert (kept.profile, kept.availability, kept.written, kept.marks) == ("clinic", None, None, ())


def test_a_record_is_the_same_after_a_round_trip() -> None:
    """Through the bytes of results.json."""
    whole = document().model_copy(update={"load": (LoadRecord.of(load(), 0.001),)})
    assert decode(encode(whole)) == whole


_LINES = """\
ward: 20 users for 40 s, Poisson arrivals at 10/s, seed 7
                          n     p50     p95     p99 ms  errors    good
  audit.read            100      20      20    1271          3  97.00 %
  inference.chat        200    1120    1580    2552         10  91.00 %
    to first token      200     100     100    1651
    between chunks     1600      19      31      31
    per later token     200      20      20      20
    until refused        10    1000    1401    1401
  patient.read          100      38      60    1508          0  96.00 %
  availability 96.75 %, 13 of 400 requests failed: 10 status 503, 3 timed out; burn rate 32 of an error budget of 0.1 %
  goodput 93.75 %: answered rightly and within inference 2000 ms, 500 ms to the first token, 50 ms per token; \
patient 500 ms
  p95 of all requests: 1 ms until sent, 20 ms from then on
  writes: 57 acknowledged, 1 of them lost, 2 there twice, 0 refused yet there
  router 1 paused at 10.0 s, router 1 healed at 12.0 s
  H200: busy 25 % of the time, at most 50 % of its memory in use
  generator CPU 31 % of one core, the busiest of 2 processes"""


def test_the_board_reads_a_few_lines() -> None:
    """Every figure with its unit, and with what it is held against."""
    kept = LoadRecord.of(replace(load(), accelerators=(Accelerator("H200", 0.5, 0.25),)), 0.001)
    assert "\n".join(load_lines(kept)) == _LINES


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"marks": tuple(Mark(float(at), f"fault {at}") for at in range(6))}, "fault 3 at 3.0 s, and 2 more"),
        ({"written": replace(load().written, complete=False)}, "not known, since not everything could be read back"),  # type: ignore[type-var]
        ({"complete": False}, "incomplete: it ended before its time"),
    ],
)
def test_a_line_does_not_say_more_than_is_known(changed: dict[str, object], line: str) -> None:
    """Too many marks are counted, what could not be read is not known, and what ended early says so."""
    odd: Load = replace(load(), **changed)  # type: ignore[arg-type]
    assert any(line in said for said in load_lines(LoadRecord.of(odd)))


def test_only_everything_is_a_hundred_per_cent() -> None:
    """One failure in a million is not rounded away."""
    kind = LatencyRecord(
        kind="page.get", requests=1_000_000, errors={"refused": 1}, p50_ms=1, p95_ms=1, p99_ms=1, worst_ms=1
    )
    almost = LoadRecord.of(empty()).model_copy(
        update={"kinds": (kind,), "requests": 1_000_000, "failed": 1, "availability": 1 - 1e-6}
    )
    assert any("availability 99.99 %, 1 of 1,000,000" in line for line in load_lines(almost))


def test_the_decision_in_allure_has_the_pictures_attached(tmp_path: Path) -> None:
    """They are the signed evidence itself, pictures first, each with a type that a browser shows."""
    files = evidence([load(12)])
    for name, content in files.items():
        path = tmp_path / manifest.FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    write_decision(tmp_path / "allure-results", document(), verify_command="verify it", trust="verified")
    [path] = (tmp_path / "allure-results").glob("*-result.json")
    _, *attached = json.loads(path.read_text())["attachments"]
    assert len(attached) == len(files)
    assert [each["name"] for each in attached[:4]] == [
        f"load ward: {name}.svg" for name in ("over-time", "percentiles", "throughput", "tokens")
    ]
    assert {each["type"] for each in attached} == {"image/svg+xml", "application/json", "text/plain"}
    for each in attached:
        assert (path.parent / each["source"]).read_bytes() == files[each["name"].replace("load ward: ", "load/ward/")]


def test_a_report_signs_what_was_drawn(tmp_path: Path) -> None:
    """Pictures, percentiles and record are in the manifest, byte for byte as they were made."""
    files = evidence([load(12)])
    published = publish(tmp_path / "gate", "run-1", document(), evidence=files)
    signed = manifest.decode((published.folder / manifest.SIGNED_AS).read_bytes())
    assert signed == {name: sha256(content) for name, content in files.items()}
