"""Starting on time: an alarm of the kernel's, exact to a tenth of a millisecond, and greenlets that are used again.

gevent's own timers wait whole milliseconds and so are late by one half on average, and to make a greenlet for every
request costs a tenth of it.
"""

from __future__ import annotations

import ctypes
import heapq
import os
import time
from collections.abc import Callable
from itertools import count

import gevent

_GRAIN_S = 1e-4  # what is due within it is started together
_CLOCK_MONOTONIC = _ABSOLUTE = _READ = 1  # as in <time.h>, <sys/timerfd.h> and libev's <ev.h>
Job = Callable[[], None]


class _Setting(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_long) for name in ("every_s", "every_ns", "s", "ns"))


class Punctual:
    """Starts jobs at moments of ``time.monotonic``, each on a greenlet of its own, however many are under way.

    One per process; timerfd_create(2) has been in Linux since 2.6.25, in Python since 3.13.
    """

    def __init__(self) -> None:
        self._kernel = ctypes.CDLL(None, use_errno=True)
        self._timer = self._kernel.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._timer < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._due: list[tuple[float, int, Job]] = []
        self._number = count()  # jobs of the same moment are not compared
        self._idle: list[gevent.Greenlet] = []
        self._hub = gevent.get_hub()
        self._watcher = self._hub.loop.io(self._timer, _READ)
        self._watcher.start(self._ring)

    def at(self, moment: float, job: Job) -> None:
        """Start a job when that moment has come."""
        heapq.heappush(self._due, (moment, next(self._number), job))
        if self._due[0][0] == moment:
            self._set(moment)

    def _ring(self) -> None:
        now, jobs = time.monotonic(), []
        while self._due and self._due[0][0] <= now:
            jobs.append(heapq.heappop(self._due)[2])
        for job in jobs:  # what they plan waits for the next ring, even when it is overdue: answers are read in between
            if self._idle:
                self._idle.pop().switch(job)
            else:
                gevent.spawn(self._work, job)
        self._set(max(self._due[0][0], now + _GRAIN_S) if self._due else 0.0)

    def _set(self, moment: float) -> None:  # silences it, too; 0 sets no other
        whole = int(moment)
        setting = _Setting(s=whole, ns=int((moment - whole) * 1e9))
        self._kernel.timerfd_settime(self._timer, _ABSOLUTE, ctypes.byref(setting), None)

    def _work(self, job: Job) -> None:
        while True:
            job()
            self._idle.append(gevent.getcurrent())
            job = self._hub.switch()
