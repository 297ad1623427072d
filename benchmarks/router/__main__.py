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

from benchmarks.router.cpu import CpuWatch
from benchmarks.router.login import reads_for
from benchmarks.router.wrk import BenchmarkError, Measured, read_through
from checks.targets import Latencies, Load
from fixtures import runs
from fixtures.certificates import CertificateAuthority
from fixtures.hosts import Driver, Host, HostError
from fixtures.target_file import TargetError, TargetFile, read_target
from fixtures.targets.load import load_spec, send
from loadtests.profiles import Profile, load_profile, make_profile
from loadtests.spec import LoadSpec, SpecError

KPI_RATE, KPI_P95_MS = 1000.0, 200.0
USERS = (1, 16, 100)
_SHOWN = 0.01  # cores


class Report:
    """The lines of the benchmark, printed as they come and as one table at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._table = Table("measurement", box=None)
        for column in ("n", "per second", "of KPI", "p50 ms", "p95 ms", "p99 ms", "bad"):
            self._table.add_column(column, justify="right")
        self._table.add_column("cores in use")

    def closed(self, name: str, seen: Measured, watch: CpuWatch) -> None:
        """A measurement by wrk."""
        bad = seen.bad_status + seen.broken
        percentiles = (seen.p50_ms, seen.p95_ms, seen.p99_ms)
        self._row(name, seen.requests, seen.rate, percentiles, bad=bad, watch=watch, kpi=True)

    def open(self, name: str, load: Load, watch: CpuWatch, *, kind: str, kpi: bool) -> None:
        """A measurement by the own generator; the time to the first token stands in the name."""
        found = next((k for k in load.kinds if k.kind == kind), None)
        if not load.complete or found is None:
            self._console.print(f"{name}: incomplete: {load.problem or 'nothing recorded'}")
            return
        token = next((k for k in load.kinds if k.kind == f"{kind}:first_token"), None)
        shown = f"{name} (first token p95 {token.percentile(0.95):.0f} ms)" if token else name
        watch.know("generator", load.generator_cpu)
        bad = sum(found.errors.values())
        self._row(shown, found.total, found.total / load.seconds, _percentiles(found), bad=bad, watch=watch, kpi=kpi)

    def show(self) -> None:
        """Print the table."""
        self._console.print(self._table)
        self._console.print(
            "wrk waits for each answer before it asks again; our own generator counts from the intended start."
        )

    def _row(
        self, name: str, total: int, rate: float, percentiles: tuple[float, ...], *, bad: int, watch: CpuWatch,
        kpi: bool,
    ) -> None:  # fmt: skip
        cores = "  ".join(f"{part} {share:.2f}" for part, share in watch.cores().items() if share >= _SHOWN)
        ratio = f"{rate / KPI_RATE:.2f}" if kpi else ""
        self._table.add_row(name, str(total), f"{rate:.1f}", ratio, *(f"{p:.1f}" for p in percentiles), str(bad), cores)


def _percentiles(found: Latencies) -> tuple[float, ...]:
    return tuple(found.percentile(share) for share in (0.5, 0.95, 0.99))


def _chat_profile(users: int, seconds: float) -> Profile:
    return make_profile({
        "name": f"inference-{users}", "users": users, "think_s": (1, 3), "warm_up_s": 1, "seconds": seconds,
        "timeout_s": 20, "output_tokens": (16, 16), "roles": {"clinician": 1.0},
    })  # fmt: skip


def _alone(target: TargetFile, driver: Driver, client: Host, profile: Profile, seed: int) -> LoadSpec:
    if target.inference is None:
        msg = f"target {target.name} declares no [inference] servers"
        raise BenchmarkError(msg)
    authority = CertificateAuthority(driver.root / "ca")
    pair = authority.issue("benchmark", client.directory / "tls")
    return LoadSpec(
        target=target.name, base_url=target.inference.servers[0], ca=str(authority.certificate),
        certificate=str(pair.certificate), key=str(pair.key), profile=profile, seed=seed,
    )  # fmt: skip


def _measure(target: TargetFile, console: Console, *, seconds: int, rate: float, connections: int) -> None:
    run = runs.find(target.run)
    if run is None:
        msg = f"run {target.run or '(none named)'} of target {target.name} is not up on this machine"
        raise BenchmarkError(msg)
    driver = run.open()
    client, report, seed = driver.host("client"), Report(console), time.monotonic_ns() % 2**31

    reads = reads_for(target)
    assert target.edge is not None  # noqa: S101  reads_for has looked
    watch = CpuWatch(driver.root, run.id)
    with console.status("wrk reads patients"):
        watch.begin()
        seen = read_through(
            client, driver, edge=target.edge.https, server_name=target.edge.server_name, reads=reads,
            connections=connections, seconds=seconds,
        )  # fmt: skip
        watch.end()
    report.closed(f"wrk, {connections} connections: GET /patients/ID", seen, watch)

    kpi = load_profile("kpi")
    think_s = kpi.users / rate
    profile = make_profile(kpi.model_dump() | {"think_s": (think_s / 2, think_s * 3 / 2), "seconds": seconds})

    def own(spec: LoadSpec, name: str) -> None:
        watch = CpuWatch(driver.root, driver.run_id)
        with console.status(name):
            load = send(client, spec, watch.follow)
        kind = "inference.chat" if "clinician" in spec.profile.roles else "patient.read"
        report.open(f"{name} ({spec.profile.rate:g}/s meant)", load, watch, kind=kind, kpi=kind == "patient.read")

    own(load_spec(target, profile, seed), "own generator, open: GET /patients/ID")
    for users in USERS:
        chat = _chat_profile(users, seconds)
        own(load_spec(target, chat, seed), f"{users} users: chat of 16 tokens")
        own(_alone(target, driver, client, chat, seed), f"{users} users: one inference server alone")
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
