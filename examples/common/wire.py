"""The wire between an example's hosts, for its target file: which command captures it, and who is who on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fixtures.hosts import Driver
from fixtures.hosts.namespace import NamespaceDriver


@dataclass(frozen=True)
class WatchedWire:
    """See ``[canary.wire]`` of a target file."""

    capture: Sequence[str]
    beacon: str
    names: Mapping[str, str]


def watched(driver: Driver, hosts: Sequence[str]) -> WatchedWire | None:
    """The bridge that the hosts are on; None on loopback, where there is none."""
    if not isinstance(driver, NamespaceDriver):
        return None
    first = driver.host(hosts[0]).address
    names = {driver.host(name).address: name for name in hosts}
    names |= {f"{first.rpartition('.')[0]}.1": "harness", driver.harness_network: "harness"}
    names |= {driver.client_network: "client"}
    tcpdump = ("tcpdump", "-i", "wire", "-B", "131072", "-U", "-n", "-Z", "root", "-w", "{file}")
    return WatchedWire(("ip", "netns", "exec", driver.fabric, *tcpdump), first, names)
