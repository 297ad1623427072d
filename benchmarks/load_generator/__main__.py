"""``python -m benchmarks.load_generator``: the highest rate that the load generator keeps up with, and what it costs.

Visitors read nginx's own page over TLS with keep-alive. A rate is kept when no process of the generator uses more than
80 % of a core, no request fails, and p95 of how late a request starts stays below 10 ms. wrk stands beside it. Exit
status 1 when one process does not reach 6,000 requests/s per core, 3 when it kept no rate at all, as on a machine that
others keep busy.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.load_generator.page import NAME, Page, static_page
from benchmarks.wrk import BenchmarkError, ask_without_pause
from checks.targets import Load
from fixtures.hosts import HostError
from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.process import MissingProgramError
from fixtures.stack import runs
from fixtures.targets.load.target import send
from fixtures.wait import DeadlineError
from loadtests.generator.spec import LoadSpec, SpecError
from loadtests.schedules.profiles import Profile, make_profile

WANTED = 6_000.0  # requests/s per core
BUSIEST, LATE_MS = 0.8, 10.0
USERS, FIRST_RATE, TRIES = 100, 2_000.0, 8
_WARM_UP_S = 2.0
_UNKNOWN = 3


@dataclass(frozen=True)
class Try:
    """One load. ``cores`` in use by all processes of the generator together, ``busiest`` is the share of one of
    them.
    """

    processes: int
    rate: float
    cores: float
    busiest: float
    late_ms: float
    p95_ms: float
    problem: str

    @property
    def per_core(self) -> float:
        """Requests/s for each core in use."""
        return self.rate / self.cores if self.cores else 0.0

    @property
    def kept(self) -> bool:
        """Whether the generator kept up with it."""
        return not self.problem and self.busiest <= BUSIEST and self.late_ms <= LATE_MS


def search(host: LoopbackHost, page: Page, *, processes: int, seconds: float) -> Iterator[Try]:
    """Loads of rates that come closer and closer to the highest that is kept."""
    rate, kept, lost, again = FIRST_RATE * processes, 0.0, float("inf"), False
    for _ in range(TRIES):
        seen = _try(host, page, processes=processes, seconds=seconds, rate=rate)
        yield seen
        if not seen.kept and seen.busiest <= BUSIEST and not again:
            again = True  # it had time left: others use this machine, too
            continue
        again = False
        if seen.kept:
            kept = max(kept, rate)
            rate = min(rate * BUSIEST / max(seen.busiest, 0.01), 2 * rate)
        else:
            lost = min(lost, rate)
            rate = min(rate * BUSIEST / max(seen.busiest, BUSIEST), 0.9 * rate)
        if not kept < rate < lost:
            rate = (kept + lost) / 2
        if rate < 1.03 * kept:
            return


def _try(host: LoopbackHost, page: Page, *, processes: int, seconds: float, rate: float) -> Try:
    spec = LoadSpec(
        target="page",
        base_url=page.url,
        server_name=NAME,
        ca=str(page.ca),
        profile=_profile(rate, seconds),
        seed=1,
        processes=processes,
    )
    return tried(send(host, spec), processes, rate)


def tried(load: Load, processes: int, rate: float) -> Try:
    """What a load of visitors shows.

    Args:
        rate: requests/s that were meant.
    """
    seconds = load.seconds
    kinds = {kind.kind: kind for kind in load.kinds}
    answered, late = kinds.get("page.get"), kinds.get("generator:late")
    if answered is None or late is None:
        return Try(processes, rate, 0, 1, 0, 0, load.problem)
    problem = load.problem or (f"{answered.failed} failed" if answered.failed else "")
    cores, sent = sum(generator.cpu for generator in load.generators), answered.total / seconds
    late_ms, p95_ms = late.percentile(0.95), answered.percentile(0.95)
    return Try(processes, sent, cores, load.generator_cpu, late_ms, p95_ms, problem)


def _profile(rate: float, seconds: float) -> Profile:
    think_s = USERS / rate
    return make_profile(
        {
            "name": "visitors",
            "users": USERS,
            "think_s": (think_s / 2, think_s * 3 / 2),
            "warm_up_s": _WARM_UP_S,
            "seconds": seconds,
            "timeout_s": 5,
            "roles": {"visitor": 1.0},
        }
    )


class RateReport:
    """One row per load."""

    def __init__(self, seconds: float) -> None:
        self._table = Table(
            "sent by", box=None, pad_edge=False, title=f"{USERS} users, {seconds:g} s each", title_justify="left"
        )
        for column in ("requests/s", "cores", "per core", "late p95 ms", "p95 ms"):
            self._table.add_column(column, justify="right", no_wrap=True)
        self._table.add_column("")
        self._notes: list[str] = []

    def tried(self, seen: Try) -> None:
        """A load of the generator."""
        if seen.problem:
            self._notes.append(f"{seen.processes} x {seen.rate:.0f}/s: {seen.problem}")
        name = f"{seen.processes} process{'es' if seen.processes > 1 else ''}"
        rate, cores, per_core = f"{seen.rate:.0f}", f"{seen.cores:.2f}", f"{seen.per_core:.0f}"
        times = f"{seen.late_ms:.2f}", f"{seen.p95_ms:.2f}"
        self._table.add_row(name, rate, cores, per_core, *times, "kept" if seen.kept else "not kept")

    def wrk(self, page: Page, seconds: float) -> None:
        """The same page by wrk, as fast as it can."""
        before = _children_s()
        seen = ask_without_pause(f"{page.url}/", connections=USERS, seconds=int(seconds))
        cores = (_children_s() - before) / seconds
        rate, per_core, p95 = f"{seen.rate:.0f}", f"{seen.rate / cores:.0f}", f"{seen.p95_ms:.2f}"
        self._table.add_row("wrk, 1 thread", rate, f"{cores:.2f}", per_core, "", p95, "no pause")

    def show(self, console: Console) -> None:
        """Print the table."""
        console.print(self._table)
        for note in self._notes:
            console.print(note, soft_wrap=True, highlight=False)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure(console: Console, screen: Console, *, processes: tuple[int, ...], seconds: float) -> int:
    report, code = RateReport(seconds), 0
    with tempfile.TemporaryDirectory(prefix="load-generator-") as place, screen.status("") as status:
        run_id = runs.new_run_id()
        host = LoopbackHost("client", "127.0.0.1", Path(place) / "client", run_id)
        with static_page(Path(place), run_id) as page:
            for count in processes:
                best: Try | None = None
                for seen in search(host, page, processes=count, seconds=seconds):
                    status.update(f"{count} processes: {seen.rate:.0f}/s at {seen.busiest:.0%}")
                    report.tried(seen)
                    best = max(
                        (one for one in (best, seen) if one and one.kept), key=lambda one: one.rate, default=None
                    )
                if count == 1:
                    code = _UNKNOWN if best is None else int(best.per_core < WANTED)
            status.update("wrk")
            report.wrk(page, seconds)
    report.show(console)
    return code


@click.command()
@click.option("--processes", type=click.IntRange(1, 64), multiple=True, default=(1, 2), show_default=True)
@click.option("--seconds", type=click.FloatRange(2, 600), default=6.0, show_default=True, help="Of each load.")
def main(*, processes: tuple[int, ...], seconds: float) -> None:
    """Search for the highest rate that the load generator keeps up with."""
    console = Console()
    try:
        status = _measure(console, Console(stderr=True), processes=processes, seconds=seconds)
    except (BenchmarkError, DeadlineError, HostError, MissingProgramError, SpecError) as problem:
        click.echo(f"benchmarks.load_generator: {problem}", err=True)
        sys.exit(2)
    if status:
        said = "kept no rate" if status == _UNKNOWN else f"reaches less than {WANTED:.0f} requests/s per core"
        console.print(f"[red]one process {said}[/]", highlight=False)
    sys.exit(status)


if __name__ == "__main__":
    main()
