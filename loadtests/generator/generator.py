"""A load from log-in to record, over however many parts: one in this process, or one in each worker."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Protocol

import gevent

from checks.targets import Accelerator, Load, Mark
from loadtests.generator.spec import LoadSpec, Progress, empty_record
from loadtests.recording.accelerators import Accelerators
from loadtests.recording.merge import merged, with_users
from loadtests.recording.recorder import percentile_ms
from loadtests.schedules.profiles import Profile

_TICK_S = 0.2
_REPORT_S = 1.0
_LEAD_S = 0.05  # between the last log-in and the first intended start
_DRAIN_S = 2.0  # beyond the request time-out, for the last requests to be recorded
_READ_BACK_S = 120.0


class Sender(Protocol):
    """A part of the load, here or in a worker. ``lost`` says why it can no longer be counted on."""

    name: str
    users: int

    @property
    def ready(self) -> int:
        """Users that have logged in."""
        ...

    @property
    def refusal(self) -> str:
        """Why a user could not log in; empty while all could."""
        ...

    @property
    def answered(self) -> bool:
        """Whether every request has ended."""
        ...

    @property
    def done(self) -> bool:
        """Whether everything has been read back, too."""
        ...

    @property
    def requests(self) -> int:
        """Requests recorded so far."""
        ...

    @property
    def failed(self) -> int:
        """Of those, how many failed."""
        ...

    def counts_us(self) -> Mapping[int, int]:
        """Latencies so far, see `loadtests.recording.recorder.Recorder.counts_us`."""
        ...

    def open(self, in_s: float) -> None:
        """Let the users begin: the measured window opens in so many seconds."""
        ...

    def record(self) -> Load:
        """What was recorded."""
        ...


def nobody_lost() -> str:
    """Of parts in this process none can be lost."""
    return ""


class LoadGenerator:
    """Leads the senders through one load.

    Args:
        progress: file that `loadtests.generator.spec.Progress` lines are appended to.
        lost: says which sender has gone and when, empty while all are there.
    """

    def __init__(
        self, spec: LoadSpec, senders: Sequence[Sender], progress: Path, lost: Callable[[], str] = nobody_lost
    ) -> None:
        self._spec, self._senders, self._lost = spec, senders, lost
        self._reporter = Reporter(progress)
        self._parent, self._opened_ns = os.getppid(), 0
        self._gpus: tuple[Accelerator, ...] = ()

    def run(self) -> Load:
        """Send the load; what goes wrong is in the record, whose window opened at 0 when nothing was sent."""
        problem = self._log_in() or self._measure()
        if problem:
            return replace(empty_record(self._spec, problem), opened_ns=self._opened_ns)
        load = merged([sender.record() for sender in self._senders])
        return replace(
            load,
            slices=with_users(load.slices, self._spec.profile, load.slice_s),
            marks=_spike(self._spec.profile),
            opened_ns=self._opened_ns,
            accelerators=self._gpus,
            left_out=self._spec.left_out,
        )

    def _log_in(self) -> str:
        allowed, users = self._spec.log_in_seconds(), self._spec.profile.users
        begun = time.monotonic()

        def settled() -> bool:
            self._reporter.report("log-in", self._senders, allowed - (time.monotonic() - begun))
            return any(sender.refusal for sender in self._senders) or self._ready() == users

        if not self._until(settled, allowed):
            return self._lost() or f"only {self._ready()} of {users} users had logged in after {allowed:.0f} s"
        return next((sender.refusal for sender in self._senders if sender.refusal), "")

    def _ready(self) -> int:
        return sum(sender.ready for sender in self._senders)

    def _measure(self) -> str:
        profile, watch = self._spec.profile, Accelerators(self._spec.address()[0])
        opening = time.monotonic() + profile.warm_up_s + _LEAD_S
        self._opened_ns = int(opening * 1e9)
        for sender in self._senders:
            sender.open(opening - time.monotonic())
        closing = opening + profile.seconds

        def over() -> bool:
            now = time.monotonic()
            phase = "warm-up" if now < opening else "measuring" if now < closing else "draining"
            if phase == "measuring" and not watch.watching:
                watch.begin()
            elif phase == "draining" and watch.watching:
                self._gpus = watch.end()
            self._reporter.report(phase, self._senders, max(closing - now, 0))
            return now > closing and all(sender.answered for sender in self._senders)

        limit = closing - time.monotonic() + profile.timeout_s + _DRAIN_S
        if not self._until(over, limit):
            return self._lost() or f"requests were still under way {profile.timeout_s + _DRAIN_S:.0f} s after the load"

        def read() -> bool:
            self._reporter.report("reading back", self._senders, 0)
            return all(sender.done for sender in self._senders)

        return (
            "" if self._until(read, _READ_BACK_S) else self._lost() or "what was written could not be read back in time"
        )

    def _until(self, condition: Callable[[], bool], limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and not self._lost():
            if os.getppid() != self._parent:
                sys.exit("the process that started the load is gone")
            if condition():
                return True
            gevent.sleep(_TICK_S)
        return False


class Reporter:
    """Appends progress to a file, once a second and at every new phase."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reported, self._counted, self._phase = 0.0, 0, ""

    def report(self, phase: str, senders: Sequence[Sender], left_s: float) -> None:
        """Where the load stands."""
        now = time.monotonic()
        if phase == self._phase and now - self._reported < _REPORT_S:
            return
        requests = sum(sender.requests for sender in senders)
        rate = (requests - self._counted) / (now - self._reported) if self._reported else 0.0
        self._reported, self._counted, self._phase = now, requests, phase
        self.write(
            Progress(
                phase=phase,
                users=sum(sender.ready for sender in senders),
                requests=requests,
                rate=rate,
                p95_ms=percentile_ms((sender.counts_us() for sender in senders), 0.95),
                errors=sum(sender.failed for sender in senders),
                left_s=left_s,
            )
        )

    def write(self, state: Progress) -> None:
        """Append one line."""
        with self._path.open("a") as handle:
            handle.write(json.dumps(asdict(state)) + "\n")


def _spike(profile: Profile) -> tuple[Mark, ...]:
    spike = profile.spike()
    return (Mark(spike[0], "spike begins"), Mark(spike[1], "spike ends")) if spike else ()
