"""wrk on the client host, from an address that the edge's rate limits leave out."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fixtures.hosts import Driver, Host, HostError
from loadtests.generator.spec import write_private

_SCRIPT = Path(__file__).with_name("read.lua")
_MARK = "RESULT "


class BenchmarkError(Exception):
    """A measurement could not be made; the message says why."""


@dataclass(frozen=True)
class Measured:
    """Requests/s and latency in ms as wrk saw them, from the moment it sent each request (a closed loop)."""

    requests: int
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    bad_status: int
    broken: int


def read_through(
    client: Host,
    driver: Driver,
    *,
    edge: str,
    server_name: str,
    reads: tuple[tuple[str, str], ...],
    connections: int,
    seconds: int,
) -> Measured:
    """Read as fast as the stack answers.

    Args:
        edge: ``host:port``.
        reads: (token, path) of every read, taken in turn.
        seconds: whole seconds.

    Raises:
        BenchmarkError: wrk is not installed, or did not print its result.
    """
    if shutil.which("wrk") is None:
        msg = "wrk is not installed: apt-get install wrk"
        raise BenchmarkError(msg)
    listed = client.directory / "reads.txt"
    write_private(listed, "".join(f"{token} {path}\n" for token, path in reads))
    argv = [
        "wrk",
        "-t",
        "1",
        "-c",
        str(connections),
        "-d",
        f"{seconds}s",
        "--timeout",
        "5s",
        "-s",
        str(_SCRIPT),
        f"https://{edge}",
        "--",
        str(listed),
        server_name,
    ]
    try:
        with exempt_source(client, driver, edge.rpartition(":")[0]):
            done = client.run(argv, timeout_s=seconds + 20)
    finally:
        listed.unlink()
    line = next((text for text in done.stdout.splitlines() if text.startswith(_MARK)), "")
    if not line:
        msg = f"wrk failed: {(done.stderr or done.stdout).strip() or 'no output'}"
        raise BenchmarkError(msg)
    seen = json.loads(line.removeprefix(_MARK))
    return Measured(
        requests=seen["requests"],
        rate=seen["requests"] / seen["microseconds"] * 1e6,
        p50_ms=seen["p50_us"] / 1e3,
        p95_ms=seen["p95_us"] / 1e3,
        p99_ms=seen["p99_us"] / 1e3,
        bad_status=seen["bad_status"],
        broken=seen["broken"],
    )


@contextlib.contextmanager
def exempt_source(client: Host, driver: Driver, destination: str) -> Iterator[str]:
    """Let what runs on the client host reach ``destination`` from an exempt address while the block runs.

    wrk cannot bind an address, but the kernel takes the preferred source of the route. The client host owns the whole
    network (AnyIP), so any address of it will do; the route lives in the host's own namespace.

    Raises:
        BenchmarkError: the driver has no routing table of its own, as on loopback.
    """
    if driver.name != "namespace":
        msg = "wrk cannot choose its source address on loopback: run the stack as root, in namespaces"
        raise BenchmarkError(msg)
    source = str(ipaddress.ip_network(driver.exempt_network)[-2])  # the users of our own generator take the first ones
    route = [f"{destination}/32", "dev", "eth0", "src", source]
    made = client.run(["ip", "route", "add", *route])
    if made.status != 0:
        msg = f"ip route add {' '.join(route)}: {made.stderr.strip()}"
        raise BenchmarkError(msg)
    try:
        yield source
    finally:
        with contextlib.suppress(HostError):
            client.run(["ip", "route", "delete", *route])
