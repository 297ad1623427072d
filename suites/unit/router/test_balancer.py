"""The balancer against real TLS servers that answer, hang, break off or are gone."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fixtures.reference.router.inference.balancer import Balancer
from fixtures.reference.router.inference.queueing import BalancerLimits
from fixtures.reference.router.inference.refusals import RefusedError, ServiceRefusal
from fixtures.stack.certificates import CertificateAuthority, KeyPair

pytestmark = pytest.mark.unit
_LIMITS = BalancerLimits(timeout_s=5.0, probe_s=0.05)
_CHUNKS = (b"data: one\n\n", b"data: two\n\n")


@dataclass
class _ModelServer:
    """Speaks just enough HTTP. ``behaviour``: ok, hang, break-early, break-late or unwell."""

    behaviour: str = "ok"
    healthy: bool = True
    asked: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    conversations: set[asyncio.Task[object]] = field(default_factory=set)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.conversations.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /health"):
                    status = b"200 OK" if self.healthy else b"503 Unavailable"
                    writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")
                    continue
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.split(b":")[1]))
                self.asked += 1
                if not await self._complete(writer):
                    break
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _complete(self, writer: asyncio.StreamWriter) -> bool:
        if self.behaviour == "break-early":
            return False
        if self.behaviour == "hang":
            await self.release.wait()
        if self.behaviour == "unwell":
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            return True
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for chunk in _CHUNKS:
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
            if self.behaviour == "break-late":
                return False
        writer.write(b"0\r\n\r\n")
        return True


class _Bed:
    """Two model servers with certificates, and balancers that know them."""

    def __init__(self, directory: Path) -> None:
        self.authority = CertificateAuthority(directory / "ca")
        self.pair = self.authority.issue("router1", directory / "tls", names=("127.0.0.1",))

    @contextlib.asynccontextmanager
    async def balancer(self, *servers: _ModelServer, limits: BalancerLimits = _LIMITS) -> AsyncIterator[Balancer]:
        async with contextlib.AsyncExitStack() as stack:
            urls = [await self._listen(stack, server) for server in servers]
            ca, pair = self.authority.certificate, self.pair
            balancer = Balancer(urls, ca=ca, certificate=pair.certificate, key=pair.key, limits=limits)
            await balancer.start()
            stack.push_async_callback(balancer.close)
            for server in servers:
                stack.callback(server.release.set)
            yield balancer

    async def _listen(self, stack: contextlib.AsyncExitStack, server: _ModelServer) -> str:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority.certificate))
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        context.verify_mode = ssl.CERT_REQUIRED
        listener = await asyncio.start_server(server.answer, "127.0.0.1", 0, ssl=context)
        stack.push_async_callback(_over, server)
        stack.callback(listener.close)
        return f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


async def _over(server: _ModelServer) -> None:
    """Wait for its connections to end, so that none outlives the loop."""
    server.release.set()
    if server.conversations:
        await asyncio.wait(server.conversations, timeout=2)


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> _Bed:
    """One authority for all tests."""
    return _Bed(tmp_path_factory.mktemp("balancer"))


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


def test_requests_spread_over_the_servers(bed: _Bed) -> None:
    async def scenario() -> None:
        one, two = _ModelServer("hang"), _ModelServer("hang")
        async with bed.balancer(one, two) as balancer:
            asked = [asyncio.create_task(_ask(balancer)) for _ in range(10)]
            await _eventually(lambda: one.asked + two.asked == 10)
            assert [server.in_flight for server in balancer.status().servers] == [5, 5]
            one.release.set()
            two.release.set()
            assert await asyncio.gather(*asked) == [b"".join(_CHUNKS)] * 10
            assert [server.in_flight for server in balancer.status().servers] == [0, 0]

    asyncio.run(scenario())


def test_requests_one_after_the_other_go_to_the_servers_in_turn(bed: _Bed) -> None:
    async def scenario() -> None:
        one, two = _ModelServer(), _ModelServer()
        async with bed.balancer(one, two) as balancer:
            for _ in range(6):
                await _ask(balancer)
            assert (one.asked, two.asked) == (3, 3)

    asyncio.run(scenario())


@pytest.mark.parametrize("behaviour", ["break-early", "unwell"])
def test_a_failure_before_the_first_byte_goes_to_the_other_server(bed: _Bed, behaviour: str) -> None:
    async def scenario() -> None:
        broken, sound = _ModelServer(behaviour, healthy=True), _ModelServer()
        async with bed.balancer(broken, sound, limits=replace(_LIMITS, probe_s=60)) as balancer:
            for _ in range(5):
                assert await _ask(balancer) == b"".join(_CHUNKS)
            assert (broken.asked, sound.asked) == (1, 5)  # left out after its first failure
            assert [server.ejections for server in balancer.status().servers] == [1, 0]

    asyncio.run(scenario())


def test_a_broken_stream_is_not_started_again_elsewhere(bed: _Bed) -> None:
    async def scenario() -> None:
        broken, sound = _ModelServer("break-late"), _ModelServer()
        async with bed.balancer(broken, sound, limits=replace(_LIMITS, probe_s=60)) as balancer:
            assert await _refusal(balancer) is ServiceRefusal.BROKEN
            assert (broken.asked, sound.asked) == (1, 0)

    asyncio.run(scenario())


def test_a_server_returns_when_its_probe_succeeds(bed: _Bed) -> None:
    async def scenario() -> None:
        server = _ModelServer(healthy=False)
        async with bed.balancer(server) as balancer:
            assert await _refusal(balancer) is ServiceRefusal.DOWN
            server.healthy = True
            await _eventually(lambda: balancer.status().up == 1)
            assert await _ask(balancer) == b"".join(_CHUNKS)

    asyncio.run(scenario())


def test_the_queue_is_bounded(bed: _Bed) -> None:
    async def scenario() -> None:
        server = _ModelServer("hang")
        async with bed.balancer(server, limits=replace(_LIMITS, queue=2, per_server=1)) as balancer:
            asked = [asyncio.create_task(_ask(balancer)) for _ in range(3)]
            await _eventually(lambda: balancer.status().queued == 2)
            assert await _refusal(balancer) is ServiceRefusal.FULL
            server.release.set()
            assert await asyncio.gather(*asked) == [b"".join(_CHUNKS)] * 3
            assert balancer.status().queued == 0

    asyncio.run(scenario())


def test_nobody_waits_longer_than_is_allowed_by_how_long_answers_take(bed: _Bed) -> None:
    """One answer took 0.2 s, a tenth of which counts: who is next in a queue of one would wait 20 ms, and may wait
    10.
    """

    async def scenario() -> None:
        server = _ModelServer("hang")
        async with bed.balancer(server, limits=replace(_LIMITS, per_server=1, wait_s=0.01)) as balancer:
            asyncio.get_running_loop().call_later(0.2, server.release.set)
            await _ask(balancer)
            server.release.clear()
            asked = [asyncio.create_task(_ask(balancer)) for _ in range(2)]
            await _eventually(lambda: balancer.status().queued == 1)
            assert await _refusal(balancer) is ServiceRefusal.FULL
            server.release.set()
            assert await asyncio.gather(*asked) == [b"".join(_CHUNKS)] * 2

    asyncio.run(scenario())


def test_waiting_ends_with_the_time_limit(bed: _Bed) -> None:
    async def scenario() -> None:
        server = _ModelServer("hang")
        async with bed.balancer(server, limits=replace(_LIMITS, per_server=1, timeout_s=0.3)) as balancer:
            seen = await asyncio.gather(_ask(balancer), _ask(balancer), return_exceptions=True)
            first, second = (e.refusal for e in seen if isinstance(e, RefusedError))
            assert first is ServiceRefusal.LATE
            assert second in (
                ServiceRefusal.WAITED,
                ServiceRefusal.LATE,
            )  # late when it got the first one's place in its last moment
            assert [status.in_flight for status in balancer.status().servers] == [0]

    asyncio.run(scenario())


def test_a_caller_that_leaves_frees_its_place(bed: _Bed) -> None:
    async def scenario() -> None:
        server = _ModelServer("hang")
        async with bed.balancer(server, limits=replace(_LIMITS, queue=1, per_server=1)) as balancer:
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


def test_a_server_with_a_certificate_of_another_authority_stays_out(bed: _Bed, tmp_path: Path) -> None:
    async def scenario() -> None:
        stranger = CertificateAuthority(tmp_path / "ca")
        pair: KeyPair = stranger.issue("inference1", tmp_path / "tls", names=("127.0.0.1",))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
        listener = await asyncio.start_server(_ModelServer().answer, "127.0.0.1", 0, ssl=context)
        async with listener:
            url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            ca, own = bed.authority.certificate, bed.pair
            balancer = Balancer([url], ca=ca, certificate=own.certificate, key=own.key)
            await balancer.start()
            assert (balancer.status().up, balancer.status().servers[0].problem) == (0, "ConnectError")
            await balancer.close()

    asyncio.run(scenario())
