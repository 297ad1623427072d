"""``python -m benchmarks.router --target FILE``: reads per second, latencies, inference, and who used the CPU.

Every figure stands beside the published one of the federated router: 1000 requests/s, p95 below 200 ms.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.router.login import reads_for
from benchmarks.router.reads import read_through
from benchmarks.router.stages import StageWatch
from benchmarks.wrk import BenchmarkError, Measured
from checks.targets import Latencies, Load
from fixtures.deployment.target_file import TargetError, TargetFile, read_target
from fixtures.hosts import HostError
from fixtures.stack import runs
from fixtures.stack.certificates import KeyPair
from fixtures.stack.topology import Stack
from fixtures.targets.load.target import load_spec, send
from fixtures.watch.processors import CpuWatch
from loadtests.generator.spec import LoadSpec, SpecError
from loadtests.schedules.profiles import Profile, load_profile, make_profile

KPI_RATE, KPI_P95_MS = 1000.0, 200.0
USERS = (1, 16, 100)
_PARTS = ("edge", "router", "database", "cache", "inference", "generator", "monitoring")


class RouterReport:
    """The figures of the benchmark: one table of rates and latencies, one of the processor time behind each row."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rates = Table("measurement", box=None, pad_edge=False)
        for column in ("n", "per s", "p50 ms", "p95 ms", "p99 ms", "bad", "1st token p95"):
            self._rates.add_column(column, justify="right")
        self._cores = Table("cores in use", box=None, pad_edge=False)
        for part in _PARTS:
            self._cores.add_column(part, justify="right")
        self._notes: list[str] = []

    def closed(self, name: str, seen: Measured, watch: CpuWatch) -> None:
        """A measurement by wrk."""
        bad = seen.bad_status + seen.broken
        self._row(name, seen.requests, seen.rate, (seen.p50_ms, seen.p95_ms, seen.p99_ms), bad=bad, watch=watch)
        self._kpi(name, seen.rate, seen.p95_ms)

    def open(self, name: str, load: Load, watch: CpuWatch, *, kind: str) -> None:
        """A measurement by the own generator."""
        found = next((k for k in load.kinds if k.kind == kind), None)
        if not load.complete or found is None:
            self._notes.append(f"{name}: incomplete: {load.problem or 'nothing recorded'}")
            return
        token = next((k for k in load.kinds if k.kind == f"{kind}:first_token"), None)
        watch.know("generator", load.generator_cpu)
        bad, rate = sum(found.errors.values()), found.total / load.seconds
        first = f"{token.percentile(0.95):.1f}" if token else ""
        self._row(name, found.total, rate, _percentiles(found), bad=bad, watch=watch, first=first)
        if not token:
            self._kpi(name, rate, found.percentile(0.95))

    def note(self, text: str) -> None:
        """A line below the tables."""
        self._notes.append(text)

    def show(self) -> None:
        """Print what was measured."""
        for table in (self._rates, self._cores):
            self._console.print(table)
            self._console.print()
        for note in self._notes:
            self._console.print(note, soft_wrap=True, highlight=False)

    def _kpi(self, name: str, rate: float, p95_ms: float) -> None:
        self._notes.append(
            f"{name}: {rate / KPI_RATE:.2f} times the published {KPI_RATE:g} requests/s;"
            f" p95 {p95_ms:.1f} ms, {KPI_P95_MS:g} ms allowed"
        )

    def _row(
        self,
        name: str,
        total: int,
        rate: float,
        percentiles: tuple[float, ...],
        *,
        bad: int,
        watch: CpuWatch,
        first: str = "",
    ) -> None:
        self._rates.add_row(name, str(total), f"{rate:.1f}", *(f"{p:.1f}" for p in percentiles), str(bad), first)
        cores = watch.cores()
        self._cores.add_row(name, *(f"{cores.get(part, 0):.2f}" for part in _PARTS))


def _percentiles(found: Latencies) -> tuple[float, ...]:
    return tuple(found.percentile(share) for share in (0.5, 0.95, 0.99))


def _chat_profile(users: int, seconds: float) -> Profile:
    return make_profile(
        {
            "name": f"inference-{users}",
            "users": users,
            "think_s": (1, 3),
            "warm_up_s": 1,
            "seconds": seconds,
            "timeout_s": 20,
            "output_tokens": (16, 16),
            "roles": {"clinician": 1.0},
        }
    )


def _alone(target: TargetFile, pair: KeyPair, stack: Stack, profile: Profile, seed: int) -> LoadSpec:
    if target.inference is None:
        msg = f"target {target.name} declares no [inference] servers"
        raise BenchmarkError(msg)
    return LoadSpec(
        target=target.name,
        base_url=target.inference.servers[0],
        ca=str(stack.authority.certificate),
        certificate=str(pair.certificate),
        key=str(pair.key),
        profile=profile,
        seed=seed,
    )


def _measure(target: TargetFile, console: Console, *, seconds: int, rate: float, connections: int) -> None:
    run = runs.find(target.run)
    if run is None:
        msg = f"run {target.run or '(none named)'} of target {target.name} is not up on this machine"
        raise BenchmarkError(msg)
    driver = run.open()
    client, report, seed = driver.host("client"), RouterReport(console), time.monotonic_ns() % 2**31

    if (edge := target.edge) is None:
        msg = f"target {target.name} has no [edge] section"
        raise BenchmarkError(msg)
    reads = reads_for(target)
    stack = Stack(driver)
    pair = stack.authority.issue("benchmark", client.directory / "tls")
    stages = StageWatch([router.url for router in stack.routers], stack.authority, pair)
    watch = CpuWatch(driver.root, run.id)
    with console.status("wrk reads patients"):
        watch.begin()
        stages.begin()
        where = {"edge": edge.https, "server_name": edge.server_name}
        seen = read_through(client, driver, **where, reads=reads, connections=connections, seconds=seconds)
        watch.end()
        split = stages.end()
    report.closed(f"read, wrk x{connections}", seen, watch)

    kpi = load_profile("kpi").changed(users=100)
    think_s = kpi.users / rate
    profile = make_profile(kpi.model_dump() | {"think_s": (think_s / 2, think_s * 3 / 2), "seconds": seconds})

    def own(spec: LoadSpec, name: str) -> None:
        watch = CpuWatch(driver.root, driver.run_id)
        with console.status(name):
            load = send(client, spec, watch.follow)
        report.open(name, load, watch, kind="inference.chat" if "clinician" in spec.profile.roles else "patient.read")

    own(load_spec(target, profile, seed), f"read, {rate:g}/s")
    for users in USERS:
        chat = _chat_profile(users, seconds)
        own(load_spec(target, chat, seed), f"chat x{users}")
        own(_alone(target, pair, stack, chat, seed), f"  alone x{users}")
    router_ms, audit_ms, entries = split.router_ms, split.audit_ms, split.entries_per_commit
    report.note(
        f"A read under wrk takes {router_ms:.1f} ms in the router on average, of which it waits {audit_ms:.1f} ms for"
        f" the audit trail ({entries:.0f} entries per commit); the rest of wrk's latency is the edge and the queue"
        " before the router."
    )
    report.note(
        "read: GET /patients/ID through the edge, with TLS, log-in and audit. chat: 16 tokens, streamed, so many users;"
        " alone: the same sent to one inference server."
    )
    report.note("wrk waits for each answer before it asks again; our own generator counts from the intended start.")
    report.show()


@click.command()
@click.option("--target", type=click.Path(path_type=Path), default=Path("build/stack/target.toml"), show_default=True)
@click.option("--seconds", type=click.IntRange(1, 600), default=10, show_default=True, help="Of each measurement.")
@click.option("--rate", type=click.FloatRange(1), default=KPI_RATE, show_default=True, help="Reads/s of our generator.")
@click.option("--connections", type=click.IntRange(1, 1000), default=64, show_default=True, help="Of wrk.")
def main(*, target: Path, seconds: int, rate: float, connections: int) -> None:
    """Measure a reference stack that is up on this machine; nothing here decides a gate."""
    try:
        _measure(read_target(target), Console(), seconds=seconds, rate=rate, connections=connections)
    except (BenchmarkError, TargetError, HostError, SpecError) as problem:
        click.echo(f"benchmarks.router: {problem}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
