"""What is seen of a deployment during a load: ports, processors, lines; and a search on a small server of this
machine.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from checks.targets import Accelerator, GeneratorProcess, Latencies, Load
from commands.show_capacity import as_json, exit_code, sentences
from fixtures.deployment.target_file import TargetFile
from fixtures.targets.load.capacity import CapacityRequest, find_capacity
from fixtures.wait import wait_for
from fixtures.watch.loads import LoadWatch
from fixtures.watch.observed import ObservedPort, UnseenDeployment, observed_deployment
from fixtures.watch.ports import Port, overflows, ports, ports_seen_by
from fixtures.watch.processors import ProcessorWatch, Use, by_part
from loadtests.capacity.saturation import Resource, ResourceKind
from loadtests.capacity.search import Capacity, Ending, Judgement, RateVerdict, SearchTerms
from loadtests.generator.spec import Progress
from loadtests.schedules.profiles import make_profile

pytestmark = pytest.mark.unit
_TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0230400A:20FB 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0230400A:20FB 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   3: 0230400A:20FB 0330400A:B001 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
   4: 0930400A:20FB 0330400A:B002 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0
   5: 0930400A:0050 0330400A:B003 01 00000000:00000000 00:00000000 00000000     0        0 5 1 0 100 0 0 10 0
"""
_SLOW_SERVER = """
import asyncio, time
async def answer(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\\r\\n\\r\\n")
            ends = time.thread_time() + 0.02
            while time.thread_time() < ends:
                pass
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            await asyncio.sleep(0)
    except (OSError, EOFError):
        writer.close()
async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(serve())
"""


def test_ports_are_read_from_the_kernels_table() -> None:
    """Two sockets that listen on one port are one; a connection belongs to the address that it came to."""
    assert ports([_TABLE]) == (Port("0.0.0.0", 80, 1, 0), Port("10.64.48.2", 8443, 1, 5))  # noqa: S104  only compared with


def test_connections_that_nobody_accepts_are_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", number)), socket.create_connection(("127.0.0.1", number)):
            mine = [port for port in ports_seen_by(os.getpid()) if port.port == number]
    assert [(port.address, port.waiting) for port in mine] == [("127.0.0.1", 2)]


def test_dropped_connections_are_counted_by_name() -> None:
    text = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 7 9\nIpExt: InNoRoutes\nIpExt: 3\n"
    assert overflows(text) == 7
    assert overflows("IpExt: InNoRoutes\nIpExt: 3\n") == 0


def test_a_busy_thread_is_seen() -> None:
    """One thread of a process that computes, as far as the other processes of the machine let it."""
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    ) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        watch = ProcessorWatch(lambda: {busy.pid: "router1"})
        watch.begin()
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() > begun + 0.5, what="half a second passes", timeout_s=5)
        watch.end()
        busy.kill()
    (use,) = watch.uses
    assert use.owner == "router1"
    assert 0.1 < use.busiest <= use.cores * 1.1 <= 1.2
    assert watch.machine_cores >= use.cores * 0.8


def test_hosts_are_summed_up_by_part() -> None:
    uses = (
        Use("router1", "python", 0.5, 0.5),
        Use("router2", "python", 0.25, 0.2),
        Use("hospital-a", "python", 0.1, 0.1),
    )
    assert by_part((*uses, Use("", "x", 0.1, 0.1))) == {"router": 0.75, "federation": 0.1, "other": 0.1}


class _Sight:
    """Implements `fixtures.watch.observed.ObservedDeployment` without a deployment: every look finds one more of
    everything.
    """

    here, scope = True, "a test"

    def __init__(self) -> None:
        self.looks = 0

    def owners(self) -> Mapping[int, str]:
        return {os.getpid(): "edge"}

    def levels(self) -> Iterator[Resource]:
        self.looks += 1
        for kind, limit in ((ResourceKind.PLACES, 8.0), (ResourceKind.LINE, None), (ResourceKind.BACKLOG, 0.0)):
            yield Resource(kind, kind, 100.0 + self.looks, limit, "")


def _load(**changed: object) -> Load:
    known = {
        "profile": "p",
        "users": 1,
        "seconds": 1.0,
        "arrival": "",
        "seed": 1,
        "kinds": (),
        "generator_cpu": 0.9,
        "complete": True,
        "problem": "",
        "generators": (GeneratorProcess("generator", 5, 0.9),),
    }
    return Load(**(known | changed))  # type: ignore[arg-type]


def _phase(name: str) -> Progress:
    return Progress(phase=name, users=1, requests=1, rate=1.0, p95_ms=1.0, errors=0, left_s=1.0)


def test_a_watch_looks_in_the_measured_window_only() -> None:
    sight = _Sight()
    watch = LoadWatch(sight, 0.8)
    watch.follow(_phase("warm-up"))
    assert sight.looks == 0
    watch.follow(_phase("measuring"))
    wait_for(lambda: sight.looks >= 2, what="two looks", timeout_s=5)
    watch.follow(_phase("draining"))
    gpu = Accelerator("GPU 0", 0.5, 0.97)
    seen = {resource.name: resource for resource in watch.seen(_load(accelerators=(gpu,)))}
    looks = sight.looks
    assert seen["places"].used == pytest.approx(100 + (1 + looks) / 2)  # the mean
    assert (seen["line"].used, seen["backlog"].used) == (100 + looks, looks - 1)  # the most; how many more it became
    assert seen["generator: processor"].full
    assert seen["GPU 0: busy"].full
    assert not seen["GPU 0: memory"].full
    assert seen["this machine: processors"].limit == os.cpu_count()


def test_of_a_target_elsewhere_only_the_generator_is_seen() -> None:
    target = TargetFile.model_validate({"name": "far", "environment": "test", "load": {"url": "http://10.255.255.1"}})
    sight = observed_deployment(target, "10.255.255.1", 80)
    assert isinstance(sight, UnseenDeployment)
    assert sight.scope == "10.255.255.1 is not on this machine: of the deployment only its answers could be seen"
    watch = LoadWatch(sight, 0.8)
    watch.follow(_phase("measuring"))
    seen = watch.seen(_load())
    assert [(r.kind, r.name) for r in seen] == [
        (ResourceKind.GENERATOR, "generator: processor"),
        (ResourceKind.OTHER, "the generator's machine: processors"),
    ]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[TargetFile]:
    """A server of this machine with one thread that computes 20 ms for each answer: less than 50 a second."""
    script = tmp_path / "slow.py"
    script.write_text(_SLOW_SERVER)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        yield TargetFile.model_validate({"name": "slow", "environment": "test", "load": {"url": url}})
        server.kill()


def _find(target: TargetFile, **terms: float) -> Capacity:
    def judge(load: Load) -> Judgement:
        found = Latencies.merged("", (kind for kind in load.kinds if ":" not in kind.kind))
        return Judgement(RateVerdict.REFUTED if found.percentile(0.95) > 1000 else RateVerdict.HOLDS)

    profile = make_profile(
        {"name": "pages", "users": 20, "think_s": (1, 1), "seconds": 5, "timeout_s": 10, "roles": {"visitor": 1.0}}
    )
    chosen = SearchTerms(**({"requests": 20, "shortest_s": 2.0, "precision": 10.0} | terms))  # type: ignore[arg-type]
    return find_capacity(target, CapacityRequest(profile, chosen, seed=1, objectives={}), judge)


def test_a_search_finds_what_a_server_of_this_machine_holds_and_what_was_full(slow: TargetFile) -> None:
    capacity = _find(slow, first=20, lowest=5)
    assert capacity.ending is Ending.FOUND
    assert exit_code(capacity) == 0
    known = capacity.bracket
    assert known.held is not None
    assert known.refuted is not None
    assert 5 <= known.held < known.refuted <= 80
    assert capacity.users == int(known.held)
    first = capacity.saturation.first
    assert first is not None
    assert first.kind in (ResourceKind.THREAD, ResourceKind.MACHINE)
    said = " ".join(sentences(capacity))
    assert "The rate that held was held again by a fresh load" in said
    assert f"Full first: {first.name}" in said
    assert '"full_first"' in as_json(capacity)
    assert isinstance(observed_deployment(slow, "127.0.0.1", 1), ObservedPort)
