"""Model servers that speak just enough HTTP over TLS, and balancers that know them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.reference.router.inference.balancer import Balancer
from fixtures.reference.router.inference.queueing import BalancerLimits
from fixtures.stack.certificates import CertificateAuthority

LIMITS = BalancerLimits(timeout_s=5.0, probe_s=0.05)
CHUNKS = (b"data: one\n\n", b"data: two\n\n")


@dataclass
class ScriptedModelServer:
    """Speaks just enough HTTP. ``behaviour``: ok, hang, break-early, break-late or unwell."""

    behaviour: str = "ok"
    healthy: bool = True
    keeps_alive: bool = True
    asked: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    conversations: set[asyncio.Task[object]] = field(default_factory=set)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: probes and completions until the other side leaves."""
        task = asyncio.current_task()
        assert task is not None
        self.conversations.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /health"):
                    status = b"200 OK" if self.healthy else b"503 Unavailable"
                    ends = b"" if self.keeps_alive else b"\r\nconnection: close"
                    writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0" + ends + b"\r\n\r\n")
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
        for chunk in CHUNKS:
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
            if self.behaviour == "break-late":
                return False
        writer.write(b"0\r\n\r\n")
        return True


class BalancerBed:
    """Two model servers with certificates, and balancers that know them."""

    def __init__(self, directory: Path) -> None:
        self.authority = CertificateAuthority(directory / "ca")
        self.pair = self.authority.issue("router1", directory / "tls", names=("127.0.0.1",))

    @contextlib.asynccontextmanager
    async def balancer(self, *servers: ScriptedModelServer, limits: BalancerLimits = LIMITS) -> AsyncIterator[Balancer]:
        """One that has probed each of ``servers``, which end with it."""
        async with contextlib.AsyncExitStack() as stack:
            balancer = self.balancer_of([await self.listen(stack, server) for server in servers], limits)
            await balancer.start()
            stack.push_async_callback(balancer.close)
            for server in servers:
                stack.callback(server.release.set)
            yield balancer

    def balancer_of(self, urls: list[str], limits: BalancerLimits) -> Balancer:
        """One that has not been started."""
        ca, pair = self.authority.certificate, self.pair
        return Balancer(urls, ca=ca, certificate=pair.certificate, key=pair.key, limits=limits)

    async def listen(self, stack: contextlib.AsyncExitStack, server: ScriptedModelServer) -> str:
        """The URL of ``server``, which listens until ``stack`` unwinds."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority.certificate))
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        context.verify_mode = ssl.CERT_REQUIRED
        listener = await asyncio.start_server(server.answer, "127.0.0.1", 0, ssl=context)
        stack.push_async_callback(_over, server)
        stack.callback(listener.close)
        return f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


async def _over(server: ScriptedModelServer) -> None:
    """Wait for its connections to end, so that none outlives the loop."""
    server.release.set()
    if server.conversations:
        _, open_still = await asyncio.wait(server.conversations, timeout=10)
        assert not open_still, "the balancer left connections open"
