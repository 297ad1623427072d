"""``python -m benchmarks.router --target FILE``: reads per second, latencies, inference, and who used the CPU.

Every figure stands beside the published one of the federated router: 1000 requests/s, p95 below 200 ms.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.console import Console

from benchmarks.router.login import reads_for
from benchmarks.router.profiles import CHAT, READ, chat_profile, read_profile
from benchmarks.router.reads import read_through
from benchmarks.router.report import KPI_RATE, RouterReport
from benchmarks.router.stages import StageWatch
from benchmarks.wrk import BenchmarkError
from checks.application.load import Action
from fixtures.deployment.target_file import TargetError, TargetFile, read_target
from fixtures.hosts import HostError
from fixtures.stack import runs
from fixtures.stack.certificates import KeyPair
from fixtures.stack.topology import Stack
from fixtures.targets.load.target import load_spec, send
from fixtures.watch.processors import CpuWatch
from loadtests.generator.spec import LoadSpec, SpecError
from loadtests.schedules.profiles import Profile

USERS = (1, 16, 100)


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

    def own(spec: LoadSpec, name: str, kind: Action) -> None:
        watch = CpuWatch(driver.root, driver.run_id)
        with console.status(name):
            load = send(client, spec, watch.follow)
        report.open(name, load, watch, kind=kind)

    own(load_spec(target, read_profile(rate, seconds), seed), f"read, {rate:g}/s", READ)
    for users in USERS:
        chat = chat_profile(users, seconds)
        own(load_spec(target, chat, seed), f"chat x{users}", CHAT)
        own(_alone(target, pair, stack, chat, seed), f"  alone x{users}", CHAT)
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
