"""The rows of the benchmarks, on recorded loads: each is about the requests that it names, whatever else was sent."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.elasticity.beyond import time_outs
from benchmarks.load_generator.__main__ import tried
from benchmarks.load_truth.chat_laws import ChatTruth
from benchmarks.load_truth.chats import compared
from benchmarks.load_truth.laws import percentiles
from benchmarks.load_truth.observers import profile_of, seen_in
from benchmarks.router.profiles import CHAT, READ, chat_profile, read_profile
from benchmarks.router.report import RouterReport
from checks.application.load import Action
from checks.targets import Load
from fixtures.watch.processors import CpuWatch
from loadtests.generator.spec import LoadSpec, empty_record
from loadtests.recording.recorder import Recorder, StreamTimes
from loadtests.schedules.arrivals import arrivals
from loadtests.schedules.profiles import Profile

pytestmark = pytest.mark.unit

TOOK_S: dict[Action, float] = {"inference.chat": 0.9, "patient.read": 0.005, "page.get": 0.002}


def _recorded(profile: Profile) -> tuple[Load, Counter[Action]]:
    """The record of a profile whose every request took as long as its kind does, and how many there were of each."""
    recorder, meant = Recorder(), Counter[Action]()
    spec = LoadSpec(target="t", base_url="http://127.0.0.1:1", profile=profile, seed=1)
    for index, (role, _) in enumerate(spec.assignments()):
        for arrival in arrivals(profile, role, index, 1):
            if not arrival.measured:
                continue
            meant[arrival.action] += 1
            times = StreamTimes(first_token_s=0.1) if arrival.action == CHAT else None
            error = "time-out" if meant[arrival.action] == 1 else ""
            recorder.request(arrival.action, arrival.at_s, TOOK_S[arrival.action], error, stream=times)
            recorder.time("generator:late", 0.001)
            recorder.time("request:wait", 0.001)
    return replace(empty_record(spec, ""), kinds=recorder.latencies(), complete=True), meant


def _rows(name: str, load: Load, kind: Action, place: Path) -> list[list[str]]:
    """The cells of a row as the router's benchmark prints them, and what it says below."""
    text = io.StringIO()
    report = RouterReport(Console(file=text, width=200))
    report.open(name, load, CpuWatch(place, "unit"), kind=kind)
    report.show()
    return [line.split() for line in text.getvalue().splitlines() if line.startswith(name)]


def test_a_row_of_reads_is_about_reads(tmp_path: Path) -> None:
    """30. The profile asks for chats, too: they are not its reads, and it has no first token."""
    load, meant = _recorded(read_profile(1000, 10))
    assert 0 < 50 * meant[CHAT] < meant[READ]
    row, _, kpi = _rows("read", load, READ, tmp_path)
    assert row == ["read", str(meant[READ]), f"{meant[READ] / 10:.1f}", "5.0", "5.0", "5.0", "1"]
    assert f"{meant[READ] / 10_000:.2f} times the published 1000 requests/s" in " ".join(kpi)


def test_a_row_of_chats_is_about_chats(tmp_path: Path) -> None:
    """And tells of their first tokens."""
    load, meant = _recorded(chat_profile(16, 10))
    assert set(meant) == {CHAT}
    row, _ = _rows("chat", load, CHAT, tmp_path)
    assert row[:3] + row[-2:] == ["chat", str(meant[CHAT]), f"{meant[CHAT] / 10:.1f}", "1", "100.0"]


def test_a_row_of_what_was_not_sent_is_none(tmp_path: Path) -> None:
    """It says so."""
    load, _ = _recorded(chat_profile(16, 10))
    [note] = _rows("read", load, READ, tmp_path)
    assert " ".join(note) == "read: incomplete: nothing recorded"


def test_visitors_are_told_by_their_pages() -> None:
    """By the benchmarks of the generator; times inside requests are none."""
    load, meant = _recorded(profile_of("poisson"))
    seen, rate = seen_in("open", load), tried(load, 1, 100.0)
    assert (seen.latency.total, seen.wrong) == (meant["page.get"], "1 requests failed")
    assert seen.latency.ms == pytest.approx((2, 2, 2), rel=0.001)
    assert (rate.rate, rate.problem) == (meant["page.get"] / load.seconds, "1 failed")
    assert rate.p95_ms == pytest.approx(2, rel=0.001)


def test_chats_are_told_beside_the_truth() -> None:
    """Equal figures are right; a time, a count, a cause or a time per chunk that is another is not."""
    recorder = Recorder()
    for error in ("", "", "incomplete answer"):
        recorder.request(CHAT, 0.0, 0.4, error, stream=StreamTimes(first_token_s=0.1, per_token_s=0.02))
    spec = LoadSpec(target="t", base_url="http://127.0.0.1:1", profile=chat_profile(1, 1), seed=1)
    load = replace(empty_record(spec, ""), kinds=recorder.latencies())
    times = {"": percentiles([0.4] * 3), "first_token": percentiles([0.1] * 3), "per_token": percentiles([0.02] * 3)}
    true = ChatTruth(times, {"incomplete answer": 1})
    assert {row.what: row.wrong for row in compared(true, load)} == dict.fromkeys(
        ("whole answer", "first token", "per later token", "incomplete answer"), False
    )
    later = replace(true, times=times | {"first_token": percentiles([0.103] * 3)})
    assert [row.what for row in compared(later, load) if row.wrong] == ["first token"]
    fewer = replace(true, times=times | {"per_token": percentiles([0.02] * 2)}, failures={"not HTTP": 1})
    assert [row.what for row in compared(fewer, load) if row.wrong] == [
        "per later token",
        "incomplete answer",
        "not HTTP",
    ]
    recorder.time(f"{CHAT}:per_chunk", 0.02)
    chunks = replace(load, kinds=recorder.latencies())
    assert [row.what for row in compared(true, chunks) if row.wrong] == ["per later chunk"]


def test_time_outs_are_those_of_all_requests() -> None:
    """Of every kind, each once."""
    load, meant = _recorded(read_profile(1000, 10))
    promise = time_outs(load)
    assert (promise.seen, promise.kept) == (f"{meant.total()} requests; failures: 2 time-out", False)
