"""``python -m benchmarks.load_truth``: servers whose latencies are known, and what the load generator says of them.

The truth follows from the schedule, which is drawn beforehand, and from the server's law; with what the server noted
that it took beyond it, which is printed. Beside it stand a closed loop of the same users, and wrk. Exit status 1 when a
percentile of the open loop is off by more than 1 ms and 1 %, or when a frozen server does not show.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.closed_loop import ask_without_pause
from benchmarks.load_truth.laws import LAWS, SHARES, Law, Percentiles, ServedRequest, Truth, truth
from benchmarks.load_truth.server import Note
from benchmarks.router.wrk import BenchmarkError
from checks.targets import Load
from fixtures.hosts import HostError
from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.process import Process
from fixtures.stack import runs
from fixtures.targets.load.target import send
from fixtures.wait import DeadlineError, wait_for
from loadtests.generator.spec import LoadSpec, Progress, SpecError
from loadtests.schedules.profiles import Profile, make_profile

SOURCES, FIRST = "127.77.40.0/24", "127.77.40.1"
USERS, RATE, SECONDS = 10, 100, 12
ABSOLUTE_MS, RELATIVE = 1.0, 0.01
FROZEN_P95_MS, CLOSED_P95_MS = 1300.0, 100.0
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


class Freezer:
    """Stops a server's process and lets it go on, as its law says; notes by ``time.monotonic`` when it went on."""

    def __init__(self, server: Process, law: Law) -> None:
        self._server, self._law = server, law
        self._thread: threading.Thread | None = None
        self._resumed: float | None = None

    def start(self) -> None:
        """Begin to count: the window has just opened. Nothing happens when there is no freeze, or it was told
        before.
        """
        if self._law.frozen and self._thread is None:
            self._thread = threading.Thread(target=self._run, args=self._law.frozen)
            self._thread.start()

    def resumed(self) -> float | None:
        """When it went on; waits until it has, and is None when it never stopped."""
        if self._thread is not None:
            self._thread.join()
        return self._resumed

    def _run(self, begin_s: float, end_s: float) -> None:
        pause = threading.Event()  # never set: it is only waited for
        for seconds, signum in ((begin_s, signal.SIGSTOP), (end_s - begin_s, signal.SIGCONT)):
            pause.wait(seconds)
            self._resumed = time.monotonic()
            os.kill(self._server.pid, signum)


class TruthServer:
    """One server, and those who look at it."""

    def __init__(self, place: Path, run_id: str, key: str) -> None:
        self._law, self._key = LAWS[key], key
        self._client = LoopbackHost("client", "127.0.0.1", place / f"{key}-client", run_id)
        self._host = LoopbackHost("server", "127.0.0.1", place / f"{key}-server", run_id)
        self._port = _free_port()

    def open_loop(self, arrivals: str, seed: int) -> tuple[Truth, Seen]:
        """The truth of a schedule, and what the generator reports of it."""
        profile = profile_of(arrivals)
        load, resumed, notes = self._load(profile, seed)
        opened = load.opened_ns / 1e9
        answers = {(user, number): ServedRequest(came - opened, left - opened) for user, number, came, left in notes}
        true = truth(profile, seed, self._law, answers, None if resumed is None else resumed - opened)
        expected = true.latency
        seen = _seen(f"{arrivals}, open", load)
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
        return _seen("closed loop", self._load(profile_of("closed"), seed)[0])

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

            load = send(
                self._client,
                LoadSpec(
                    target=self._law.name,
                    base_url=f"http://127.0.0.1:{self._port}",
                    sources=SOURCES,
                    profile=profile,
                    seed=seed,
                ),
                follow,
            )
            resumed = freezer.resumed()
        if not load.complete:
            msg = f"{self._law.name}: {load.problem}"
            raise BenchmarkError(msg)
        return load, resumed, json.loads(answers.read_text())

    @contextlib.contextmanager
    def _served(self) -> Iterator[tuple[Process, Path]]:
        answers = self._host.directory / "answers.json"
        argv = [sys.executable, "-m", "benchmarks.load_truth.server", self._key, str(self._port), FIRST, str(answers)]
        server = self._host.spawn(argv, service="server", env={"PYTHONPATH": str(_ROOT)})
        try:
            wait_for(lambda: _answers(self._port), what=f"the server of {self._law.name} answers", timeout_s=20)
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


def _seen(by: str, load: Load) -> Seen:
    kinds = {kind.kind: kind for kind in load.kinds}
    page, late = kinds["page.get"], kinds["generator:late"]
    latency = Percentiles(page.total, tuple(page.percentile(share) for share in SHARES))
    wrong = f"{page.failed} requests failed" if page.failed else ""
    return Seen(by, latency, late.percentile(0.99), wrong=wrong)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


class TruthReport:
    """The table: of each server, the truth and what was seen."""

    def __init__(self) -> None:
        self._table = Table("latency in ms", box=None, pad_edge=False)
        for column in ("n", "p50", "off", "p95", "off", "p99", "off", "late p99"):
            self._table.add_column(column, justify="right", no_wrap=True)
        self.wrong: list[str] = []

    def server(self, law: Law) -> None:
        """Whose rows follow."""
        self._table.add_row(f"[bold]{law.name}[/]")

    def truth(self, arrivals: str, true: Truth) -> None:
        """What must be seen, and what the server has added to it."""
        self._row(f"  {arrivals}, truth", true.latency, [f"({own:.1f})" for own in true.own.ms], "")

    def seen(self, law: Law, seen: Seen) -> None:
        """What was seen."""
        off = [f"{gap:+.1f}" for gap in seen.off_ms] if seen.off_ms else ["", "", ""]
        self._row(f"  {seen.by}", seen.latency, off, "" if seen.late_ms is None else f"{seen.late_ms:.2f}")
        if seen.wrong:
            self.wrong.append(f"{law.name}, {seen.by}: {seen.wrong}")

    def show(self, console: Console) -> None:
        """Print it."""
        console.print(self._table)
        console.print("In brackets: what the server took beyond its law, which is part of the truth.", highlight=False)
        console.print("wrk has no schedule: it adds the requests that it supposes to have missed.", highlight=False)
        for line in self.wrong:
            console.print(f"[red]off:[/] {line}", soft_wrap=True, highlight=False)

    def _row(self, name: str, latency: Percentiles, off: Sequence[str], late: str) -> None:
        pairs = [text for value, gap in zip(latency.ms, off, strict=True) for text in (f"{value:.1f}", gap)]
        self._table.add_row(name, str(latency.total), *pairs, late)


def _measure(bench: TruthServer, law: Law, report: TruthReport, seed: int, status: Callable[[str], None]) -> None:
    rows: list[tuple[str, Truth, Seen]] = []
    for arrivals in ("poisson", "constant"):
        status(f"{law.name}: {arrivals} arrivals")
        rows.append((arrivals, *bench.open_loop(arrivals, seed)))
    status(f"{law.name}: a closed loop")
    closed = bench.closed_loop(seed)
    if law.frozen and closed.latency.ms[1] > CLOSED_P95_MS:
        closed = replace(closed, wrong=f"p95 {closed.latency.ms[1]:.0f} ms: the comparison is no longer one")
    status(f"{law.name}: wrk")
    wrk = bench.wrk()
    report.server(law)
    for arrivals, true, seen in rows:
        report.truth(arrivals, true)
        report.seen(law, seen)
    report.seen(law, closed)
    report.seen(law, wrk)


@click.command()
@click.option("--only", type=click.Choice(list(LAWS)), multiple=True, help="These servers; all unless given.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the arrival times.")
def main(*, only: tuple[str, ...], seed: int) -> None:
    """Compare what the load generator reports with what servers of known behaviour did; takes a minute each."""
    console, screen = Console(), Console(stderr=True)
    report = TruthReport()
    try:
        with tempfile.TemporaryDirectory(prefix="load-truth-") as place, screen.status("") as status:
            for key in only or LAWS:
                bench = TruthServer(Path(place), runs.new_run_id(), key)
                _measure(bench, LAWS[key], report, seed, status.update)
    except (BenchmarkError, DeadlineError, HostError, SpecError) as problem:
        click.echo(f"benchmarks.load_truth: {problem}", err=True)
        sys.exit(2)
    report.show(console)
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
