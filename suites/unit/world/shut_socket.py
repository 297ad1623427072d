"""A socket of an engine that is there, for an account without the right to it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without the right")
SAID = "this account may not use the socket (add it to the group docker, or run as root)"


@contextmanager
def shut_socket(folder: Path) -> Iterator[str]:
    """Its address, as nobody; afterwards this is root again."""
    path = folder / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        path.chmod(0o600)
        for above in path.parents[:3]:
            above.chmod(0o755)
        os.seteuid(65534)
        try:
            yield f"unix://{path}"
        finally:
            os.seteuid(0)
