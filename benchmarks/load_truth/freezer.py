"""Freezes a server for as long as its law says, by SIGSTOP and SIGCONT."""

from __future__ import annotations

import os
import signal
import threading
import time

from benchmarks.load_truth.laws import Law
from fixtures.hosts.process import Process


class Freezer:
    """Stops a server's process and lets it go on, as its law says; notes by ``time.monotonic`` when it went on."""

    def __init__(self, server: Process, law: Law) -> None:
        self._server, self._law = server, law
        self._thread: threading.Thread | None = None
        self._resumed: float | None = None

    def start(self) -> None:
        """Begin to count: the window has just opened. Nothing happens when there is no freeze, or it was told
        before.
        """
        if self._law.frozen and self._thread is None:
            self._thread = threading.Thread(target=self._run, args=self._law.frozen)
            self._thread.start()

    def resumed(self) -> float | None:
        """When it went on; waits until it has, and is None when it never stopped."""
        if self._thread is not None:
            self._thread.join()
        return self._resumed

    def _run(self, begin_s: float, end_s: float) -> None:
        pause = threading.Event()  # never set: it is only waited for
        for seconds, signum in ((begin_s, signal.SIGSTOP), (end_s - begin_s, signal.SIGCONT)):
            pause.wait(seconds)
            self._resumed = time.monotonic()
            os.kill(self._server.pid, signum)
