"""``python -m benchmarks.load_truth``: servers whose latencies are known, and what the load generator says of them.

The truth follows from the schedule, which is drawn beforehand, and from the server's law; with what the server noted
that it took beyond it, which is printed. Beside it stand a closed loop of the same users, and wrk. Exit status 1 when a
percentile of the open loop is off by more than 1 ms and 1 %, or when a frozen server does not show. Then chats: of
model servers that think, send several tokens at once, break off or end by closing, the truth beside what is told.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from benchmarks.load_truth.chat_laws import CHAT_LAWS
from benchmarks.load_truth.chats import ChatRow, chat_rows, show_chats
from benchmarks.load_truth.laws import LAWS, Law, Truth
from benchmarks.load_truth.observers import ObservedServer, Seen
from benchmarks.load_truth.report import TruthReport
from benchmarks.wrk import BenchmarkError
from fixtures.hosts import HostError
from fixtures.stack import runs
from fixtures.wait import DeadlineError
from loadtests.generator.spec import SpecError

CLOSED_P95_MS = 100.0


def _measure(server: ObservedServer, law: Law, report: TruthReport, seed: int, status: Callable[[str], None]) -> None:
    rows: list[tuple[str, Truth, Seen]] = []
    for arrivals in ("poisson", "constant"):
        status(f"{law.name}: {arrivals} arrivals")
        rows.append((arrivals, *server.open_loop(arrivals, seed)))
    status(f"{law.name}: a closed loop")
    closed = server.closed_loop(seed)
    if law.frozen and closed.latency.ms[1] > CLOSED_P95_MS:
        closed = replace(closed, wrong=f"p95 {closed.latency.ms[1]:.0f} ms: the comparison is no longer one")
    status(f"{law.name}: wrk")
    wrk = server.wrk()
    report.server(law)
    for arrivals, true, seen in rows:
        report.truth(arrivals, true)
        report.seen(law, seen)
    report.seen(law, closed)
    report.seen(law, wrk)


@click.command()
@click.option("--only", type=click.Choice([*LAWS, *CHAT_LAWS]), multiple=True, help="These servers; all unless given.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the arrival times.")
def main(*, only: tuple[str, ...], seed: int) -> None:
    """Compare what the load generator reports with what servers of known behaviour did; takes a minute each."""
    console, screen = Console(), Console(stderr=True)
    report, chats = TruthReport(), dict[str, list[ChatRow]]()
    try:
        with tempfile.TemporaryDirectory(prefix="load-truth-") as place, screen.status("") as status:
            for key in [key for key in LAWS if key in (only or LAWS)]:
                server = ObservedServer(Path(place), runs.new_run_id(), key)
                _measure(server, LAWS[key], report, seed, status.update)
            for key in [key for key in CHAT_LAWS if key in (only or CHAT_LAWS)]:
                status.update(f"chats: {CHAT_LAWS[key].name}")
                chats[key] = chat_rows(Path(place), runs.new_run_id(), key, seed)
    except (BenchmarkError, DeadlineError, HostError, SpecError) as problem:
        click.echo(f"benchmarks.load_truth: {problem}", err=True)
        sys.exit(2)
    if not only or LAWS.keys() & only:
        report.show(console)
    right = show_chats(console, chats) if chats else True
    sys.exit(0 if right and not report.wrong else 1)


if __name__ == "__main__":
    main()
