"""What only hosts in network namespaces suffer: a slow and lossy way to some addresses, and a small, full volume."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from checks.targets import Confine, Impair
from fixtures.hosts import Driver, Host
from fixtures.hosts.loopback import may_use_namespaces
from fixtures.hosts.volumes import mounted_below
from fixtures.stack import runs
from fixtures.wait import wait_for

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not may_use_namespaces(), reason="namespaces need root"),
]
_LISTENING = textwrap.dedent("""
    import socket, sys
    listening = socket.create_server((sys.argv[1], 8080))
    while True:
        listening.accept()[0].sendall(b"here")
""")
_ASKING = "import socket, sys; s = socket.create_connection((sys.argv[1], 8080), 1); assert s.recv(4) == b'here'"


@pytest.fixture
def driver() -> Iterator[Driver]:
    """A run of hosts in namespaces, closed afterwards."""
    _, made = runs.begin(driver="namespace")
    yield made
    made.close()


def _listen(host: Host) -> None:
    host.spawn([host.python, "-c", _LISTENING, host.address], service="listens")
    wait_for(lambda: _reaches(host, host), what="it listens", timeout_s=10)


def _reaches(host: Host, other: Host) -> bool:
    return host.run([host.python, "-c", _ASKING, other.address]).status == 0


def test_loopback_hosts_lack_both() -> None:
    _, driver = runs.begin(driver="loopback")
    try:
        host = driver.host("one")
        assert not isinstance(host, Impair)
        assert not isinstance(host, Confine)
    finally:
        driver.close()


def test_a_slow_and_lossy_way_is_to_some_addresses_only(driver: Driver) -> None:
    """Everything that is lost is lost there, and nothing of it anywhere else."""
    host, far, near = (driver.host(name) for name in ("one", "far", "near"))
    assert isinstance(host, Impair)
    for other in (far, near):
        _listen(other)
    assert _reaches(host, far)
    assert host.lost() == 0
    host.impair([far.address], kilobits_per_s=100, loss=1.0)
    assert _reaches(host, near)
    assert host.lost() == 0
    assert not _reaches(host, far)
    assert host.lost() > 0
    host.impair([far.address], kilobits_per_s=100, loss=0.5)
    wait_for(lambda: _reaches(host, far) and host.lost(), what="one packet of two is lost", timeout_s=30)
    host.impair([far.address], kilobits_per_s=100, loss=0.0)
    assert _reaches(host, far)
    assert host.lost() == 0
    assert "rate 100Kbit" in host.run(["tc", "class", "show", "dev", "eth0"]).stdout
    for _ in range(2):
        host.unimpair()
    assert "htb" not in host.run(["tc", "qdisc", "show", "dev", "eth0"]).stdout
    assert host.run(["nft", "list", "tables"]).stdout == ""
    assert host.lost() == 0


def test_a_confined_folder_is_full_while_the_host_is_not(driver: Driver) -> None:
    """Its volume is taken away with the run, also when the harness forgot it."""
    host = driver.host("one")
    assert isinstance(host, Confine)
    folder = host.folder("small")
    host.confine(folder, mebibytes=1, owner="nobody")
    full = host.run(["dd", "if=/dev/zero", f"of={folder / 'filler'}", "bs=1M", "count=2"], user="nobody")
    assert full.status == 1
    assert "No space left on device" in full.stderr
    host.put("beside", "x" * 2_000_000)
    host.unconfine(folder)
    host.unconfine(folder)
    assert list(folder.iterdir()) == []
    host.confine(folder, mebibytes=1, owner="nobody")
    driver.close()
    assert mounted_below(driver.root) == []
    assert not driver.root.exists()
