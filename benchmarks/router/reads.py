"""wrk on the client host, from an address that the edge's rate limits leave out."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from pathlib import Path

from benchmarks.wrk import BenchmarkError, Measured, arguments, measured
from fixtures.hosts import Driver, Host, HostError
from loadtests.generator.spec import write_private

_SCRIPT = Path(__file__).with_suffix(".lua")


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
    command = arguments(_SCRIPT, connections=connections, seconds=seconds)
    listed = client.directory / "reads.txt"
    write_private(listed, "".join(f"{token} {path}\n" for token, path in reads))
    argv = [*command, f"https://{edge}", "--", str(listed), server_name]
    try:
        with exempt_source(client, driver, edge.rpartition(":")[0]):
            done = client.run(argv, timeout_s=seconds + 20)
    finally:
        listed.unlink()
    return measured(done.stdout, done.stderr)


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
