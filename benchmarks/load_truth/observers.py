"""Who looks at a server of known behaviour: the generator in an open loop and in a closed one, and wrk."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.load_truth.freezer import Freezer
from benchmarks.load_truth.laws import LAWS, SHARES, Percentiles, ServedRequest, Truth, truth
from benchmarks.load_truth.server import Note
from benchmarks.wrk import BenchmarkError, ask_without_pause
from checks.targets import Load
from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.ports import free_port
from fixtures.hosts.process import Process
from fixtures.targets.load.target import send
from fixtures.wait import wait_for
from loadtests.generator.spec import LoadSpec, Progress
from loadtests.schedules.profiles import Profile, make_profile

SOURCES, FIRST = "127.77.40.0/24", "127.77.40.1"
USERS, RATE, SECONDS = 10, 100, 12
ABSOLUTE_MS, RELATIVE = 1.0, 0.01
FROZEN_P95_MS = 1300.0
_ROOT = Path(__file__).parents[2]


def profile_of(arrivals: str) -> Profile:
    """100 requests/s for 12 s by ten users, after a second of warm-up."""
    think_s = USERS / RATE
    return make_profile(
        {
            "name": arrivals,
            "users": USERS,
            "arrivals": arrivals,
            "think_s": (think_s / 2, think_s * 3 / 2),
            "warm_up_s": 1,
            "seconds": SECONDS,
            "timeout_s": 10,
            "roles": {"visitor": 1.0},
        }
    )


@dataclass(frozen=True)
class Seen:
    """What somebody saw of a server.

    Args:
        late_ms: how late its requests started, p99; None when it does not say.
        off_ms: how far from the truth; None when there is none to compare with.
    """

    by: str
    latency: Percentiles
    late_ms: float | None = None
    off_ms: tuple[float, ...] | None = None
    wrong: str = ""


class ObservedServer:
    """One server, and those who look at it."""

    def __init__(self, place: Path, run_id: str, key: str) -> None:
        self._law, self._key = LAWS[key], key
        self._client = LoopbackHost("client", "127.0.0.1", place / f"{key}-client", run_id)
        self._host = LoopbackHost("server", "127.0.0.1", place / f"{key}-server", run_id)
        self._port = free_port()

    def open_loop(self, arrivals: str, seed: int) -> tuple[Truth, Seen]:
        """The truth of a schedule, and what the generator reports of it."""
        profile = profile_of(arrivals)
        load, resumed, notes = self._load(profile, seed)
        opened = load.opened_ns / 1e9
        answers = {(user, number): ServedRequest(came - opened, left - opened) for user, number, came, left in notes}
        true = truth(profile, seed, self._law, answers, None if resumed is None else resumed - opened)
        expected = true.latency
        seen = seen_in(f"{arrivals}, open", load)
        off = tuple(value - right for value, right in zip(seen.latency.ms, expected.ms, strict=True))
        wrong = [seen.wrong] if seen.wrong else []
        wrong += [
            f"p{share * 100:g} is off by {gap:+.1f} ms"
            for share, gap, right in zip(SHARES, off, expected.ms, strict=True)
            if abs(gap) > max(ABSOLUTE_MS, RELATIVE * right)
        ]
        if not true.meant == expected.total == seen.latency.total:
            wrong.append(f"{true.meant} requests meant, {expected.total} answered, {seen.latency.total} counted")
        if self._law.frozen and seen.latency.ms[1] < FROZEN_P95_MS:
            wrong.append(f"a freeze of 2 s shows in a p95 of {seen.latency.ms[1]:.0f} ms only")
        return true, replace(seen, off_ms=off, wrong="; ".join(wrong))

    def closed_loop(self, seed: int) -> Seen:
        """The same users, who wait for every answer."""
        return seen_in("closed loop", self._load(profile_of("closed"), seed)[0])

    def wrk(self) -> Seen:
        """As many connections that never pause."""
        with self._served() as (server, _):
            freezer = Freezer(server, self._law)
            freezer.start()
            seen = ask_without_pause(f"http://127.0.0.1:{self._port}/", connections=USERS, seconds=SECONDS)
            freezer.resumed()
        return Seen("wrk", Percentiles(seen.requests, (seen.p50_ms, seen.p95_ms, seen.p99_ms)))

    def _load(self, profile: Profile, seed: int) -> tuple[Load, float | None, list[Note]]:
        with undisturbed(), self._served() as (server, answers):
            freezer = Freezer(server, self._law)

            def follow(progress: Progress) -> None:
                if progress.phase == "measuring":
                    freezer.start()

            url = f"http://127.0.0.1:{self._port}"
            spec = LoadSpec(target=self._law.name, base_url=url, sources=SOURCES, profile=profile, seed=seed)
            load = send(self._client, spec, follow)
            resumed = freezer.resumed()
        if not load.complete:
            msg = f"{self._law.name}: {load.problem}"
            raise BenchmarkError(msg)
        return load, resumed, json.loads(answers.read_text())

    def _served(self) -> contextlib.AbstractContextManager[tuple[Process, Path]]:
        return served(self._host, "benchmarks.load_truth.server", self._key, self._port)


@contextlib.contextmanager
def served(host: LoopbackHost, module: str, key: str, port: int) -> Iterator[tuple[Process, Path]]:
    """A server of this benchmark while the block runs: its process, and the file of its notes, there when it has ended.

    Args:
        module: called with the key of its law, its port, the first user's address and that file.
    """
    answers = host.directory / "answers.json"
    argv = [sys.executable, "-m", module, key, str(port), FIRST, str(answers)]
    server = host.spawn(argv, service="server", env={"PYTHONPATH": str(_ROOT)})
    try:
        wait_for(lambda: _answers(port), what=f"the server of {key} answers", timeout_s=20)
        yield server, answers
    finally:
        server.stop()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """What is started in the block goes before all else on this machine, where that is allowed.

    It needs little; without it, the work of others would stand in the table.
    """
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def seen_in(by: str, load: Load) -> Seen:
    """What a load of visitors shows."""
    kinds = {kind.kind: kind for kind in load.kinds}
    page, late = kinds["page.get"], kinds["generator:late"]
    latency = Percentiles(page.total, tuple(page.percentile(share) for share in SHARES))
    wrong = f"{page.failed} requests failed" if page.failed else ""
    return Seen(by, latency, late.percentile(0.99), wrong=wrong)


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
