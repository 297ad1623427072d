"""The balancer against real TLS servers that answer, hang, break off or are gone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.reference.router.inference.balancer import Balancer
from fixtures.reference.router.inference.queueing import ServerQueue, UpstreamServer
from fixtures.reference.router.inference.refusals import RefusedError, ServiceRefusal
from fixtures.stack.certificates import CertificateAuthority, KeyPair
from suites.unit.router.model_servers import CHUNKS, LIMITS, BalancerBed, ScriptedModelServer

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> BalancerBed:
    """One authority for all tests."""
    return BalancerBed(tmp_path_factory.mktemp("balancer"))


async def _ask(balancer: Balancer) -> bytes:
    async with balancer.post("/v1/completions", b"{}") as answer:
        return await answer.read()


async def _refusal(balancer: Balancer) -> ServiceRefusal:
    with pytest.raises(RefusedError) as refused:
        await _ask(balancer)
    return refused.value.refusal


async def _eventually(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  the server under test has no event to wait for
            await asyncio.sleep(0.01)


def test_requests_spread_over_the_servers(bed: BalancerBed) -> None:
    async def scenario() -> None:
        one, two = ScriptedModelServer("hang"), ScriptedModelServer("hang")
        async with bed.balancer(one, two) as balancer:
            asked = [asyncio.create_task(_ask(balancer)) for _ in range(10)]
            await _eventually(lambda: one.asked + two.asked == 10)
            assert [server.in_flight for server in balancer.status().servers] == [5, 5]
            one.release.set()
            two.release.set()
            assert await asyncio.gather(*asked) == [b"".join(CHUNKS)] * 10
            assert [server.in_flight for server in balancer.status().servers] == [0, 0]

    asyncio.run(scenario())


def test_requests_one_after_the_other_go_to_the_servers_in_turn(bed: BalancerBed) -> None:
    async def scenario() -> None:
        one, two = ScriptedModelServer(), ScriptedModelServer()
        async with bed.balancer(one, two) as balancer:
            for _ in range(6):
                await _ask(balancer)
            assert (one.asked, two.asked) == (3, 3)

    asyncio.run(scenario())


@pytest.mark.parametrize("behaviour", ["break-early", "unwell"])
def test_a_failure_before_the_first_byte_goes_to_the_other_server(bed: BalancerBed, behaviour: str) -> None:
    async def scenario() -> None:
        broken, sound = ScriptedModelServer(behaviour, healthy=True), ScriptedModelServer()
        async with bed.balancer(broken, sound, limits=replace(LIMITS, probe_s=60)) as balancer:
            for _ in range(5):
                assert await _ask(balancer) == b"".join(CHUNKS)
            assert (broken.asked, sound.asked) == (1, 5)  # left out after its first failure
            assert [server.ejections for server in balancer.status().servers] == [1, 0]

    asyncio.run(scenario())


def test_a_broken_stream_is_not_started_again_elsewhere(bed: BalancerBed) -> None:
    async def scenario() -> None:
        broken, sound = ScriptedModelServer("break-late"), ScriptedModelServer()
        async with bed.balancer(broken, sound, limits=replace(LIMITS, probe_s=60)) as balancer:
            assert await _refusal(balancer) is ServiceRefusal.BROKEN
            assert (broken.asked, sound.asked) == (1, 0)

    asyncio.run(scenario())


def test_a_server_returns_when_its_probe_succeeds(bed: BalancerBed) -> None:
    async def scenario() -> None:
        server = ScriptedModelServer(healthy=False)
        async with bed.balancer(server) as balancer:
            assert await _refusal(balancer) is ServiceRefusal.DOWN
            server.healthy = True
            await _eventually(lambda: balancer.status().up == 1)
            assert await _ask(balancer) == b"".join(CHUNKS)

    asyncio.run(scenario())


def test_the_queue_is_bounded(bed: BalancerBed) -> None:
    async def scenario() -> None:
        server = ScriptedModelServer("hang")
        async with bed.balancer(server, limits=replace(LIMITS, queue=2, per_server=1)) as balancer:
            asked = [asyncio.create_task(_ask(balancer)) for _ in range(3)]
            await _eventually(lambda: balancer.status().queued == 2)
            assert await _refusal(balancer) is ServiceRefusal.FULL
            server.release.set()
            assert await asyncio.gather(*asked) == [b"".join(CHUNKS)] * 3
            assert balancer.status().queued == 0

    asyncio.run(scenario())


def test_nobody_waits_who_may_be_expected_to_wait_too_long() -> None:
    """One answer took 10 s, a tenth of which counts: who is next in a queue of one would wait 1 s, and may wait 0.5."""

    async def scenario() -> None:
        server = UpstreamServer("https://127.0.0.1:1", up=True)
        queue = ServerQueue([server], replace(LIMITS, per_server=1, wait_s=0.5))
        queue.answered(10)
        until = asyncio.get_running_loop().time() + 30
        await queue.acquire(frozenset(), until)
        second = asyncio.create_task(queue.acquire(frozenset(), until))
        await _eventually(lambda: queue.queued == 1)
        with pytest.raises(RefusedError) as refused:
            await queue.acquire(frozenset(), until)
        assert refused.value.refusal is ServiceRefusal.FULL
        queue.release(server)
        assert await second is server

    asyncio.run(scenario())


def test_nobody_waits_longer_than_is_allowed(bed: BalancerBed) -> None:
    async def scenario() -> None:
        server = ScriptedModelServer("hang")
        async with bed.balancer(server, limits=replace(LIMITS, per_server=1, wait_s=0.5)) as balancer:
            first = asyncio.create_task(_ask(balancer))
            await _eventually(lambda: server.asked == 1)
            assert await _refusal(balancer) is ServiceRefusal.WAITED
            server.release.set()
            assert await first == b"".join(CHUNKS)

    asyncio.run(scenario())


def test_a_server_that_takes_no_handshake_is_given_up_in_time_for_a_refusal(bed: BalancerBed) -> None:
    """It passes its first probe, then goes silent: of the 0.4 s that a request may wait, the handshake has half."""

    async def scenario() -> None:
        server = ScriptedModelServer(keeps_alive=False)
        limits = replace(LIMITS, wait_s=0.4, timeout_s=60, probe_s=60)
        async with contextlib.AsyncExitStack() as listening:
            url = await bed.listen(listening, server)
            balancer = bed.balancer_of([url], limits)
            await balancer.start()
        with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
            async with asyncio.timeout(5):
                assert await _refusal(balancer) is ServiceRefusal.FAILED
            assert balancer.status().servers[0].problem == "ConnectTimeout"
            await balancer.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("begun", [0.0, 0.02, 0.05])
def test_closing_leaves_no_connection_open_whose_handshake_has_begun(bed: BalancerBed, begun: float) -> None:
    """The server has accepted and says nothing; each closed socket is seen as an end by the other side."""

    async def scenario() -> None:
        ended: list[bytes] = []

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while said := await reader.read(4096):
                    ended.append(said)
                ended.append(b"end")
            finally:
                writer.close()

        listener = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with listener:
            balancer = bed.balancer_of([f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"], LIMITS)
            await balancer.start()
            await asyncio.sleep(begun)
            await balancer.close()
            await _eventually(lambda: ended and ended[-1] == b"end")

    asyncio.run(scenario())


def test_waiting_ends_with_the_time_limit(bed: BalancerBed) -> None:
    async def scenario() -> None:
        server = ScriptedModelServer("hang")
        async with bed.balancer(server, limits=replace(LIMITS, per_server=1, timeout_s=0.3)) as balancer:
            seen = await asyncio.gather(_ask(balancer), _ask(balancer), return_exceptions=True)
            first, second = (e.refusal for e in seen if isinstance(e, RefusedError))
            assert first is ServiceRefusal.LATE
            assert second in (
                ServiceRefusal.WAITED,
                ServiceRefusal.LATE,
            )  # late when it got the first one's place in its last moment
            assert [status.in_flight for status in balancer.status().servers] == [0]

    asyncio.run(scenario())


def test_a_caller_that_leaves_frees_its_place(bed: BalancerBed) -> None:
    async def scenario() -> None:
        server = ScriptedModelServer("hang")
        async with bed.balancer(server, limits=replace(LIMITS, queue=1, per_server=1)) as balancer:
            first = asyncio.create_task(_ask(balancer))
            await _eventually(lambda: server.asked == 1)
            second = asyncio.create_task(_ask(balancer))
            await _eventually(lambda: balancer.status().queued == 1)
            for task in (second, first):
                task.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
            status = balancer.status()
            assert (status.queued, status.servers[0].in_flight) == (0, 0)

    asyncio.run(scenario())


def test_a_server_with_a_certificate_of_another_authority_stays_out(bed: BalancerBed, tmp_path: Path) -> None:
    async def scenario() -> None:
        stranger = CertificateAuthority(tmp_path / "ca")
        pair: KeyPair = stranger.issue("inference1", tmp_path / "tls", names=("127.0.0.1",))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
        listener = await asyncio.start_server(ScriptedModelServer().answer, "127.0.0.1", 0, ssl=context)
        async with listener:
            url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            ca, own = bed.authority.certificate, bed.pair
            balancer = Balancer([url], ca=ca, certificate=own.certificate, key=own.key)
            await balancer.start()
            assert (balancer.status().up, balancer.status().servers[0].problem) == (0, "ConnectError")
            await balancer.close()

    asyncio.run(scenario())
