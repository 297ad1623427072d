"""Serves a protocol on loopback until SIGTERM, then writes down what was noted."""

from __future__ import annotations

import asyncio
import gc
import json
import selectors
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

_BACKLOG = 1024  # a frozen server has many waiting


def serve_until_told(protocol: Callable[[], asyncio.Protocol], port: int, notes: Sequence[object], result: str) -> None:
    """Serve, exact to the microsecond as far as the kernel can: no garbage is collected meanwhile."""
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())  # epoll waits whole milliseconds
    loop.run_until_complete(_serve(protocol, port))
    Path(result).write_text(json.dumps(notes))


async def _serve(protocol: Callable[[], asyncio.Protocol], port: int) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(protocol, "127.0.0.1", port, backlog=_BACKLOG)
    gc.disable()
    async with server:
        await over.wait()
