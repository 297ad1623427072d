"""The load generator: ``python -m loadtests.child SPEC PROGRESS RESULT``, always a process of its own.

Reads a `loadtests.spec.LoadSpec` from SPEC and removes that file, since it holds secrets; appends `Progress` lines to
PROGRESS; writes the `checks.targets.Load` to RESULT. Ends by itself when the process that started it is gone.
"""

from __future__ import annotations

from locust.env import Environment  # first: importing Locust patches the standard library for gevent

# isort: split
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import gevent
import psutil
from gevent.lock import Semaphore

from checks.targets import Load
from loadtests.client import Client, Endpoint, trust
from loadtests.recorder import Recorder
from loadtests.schedule import arrivals
from loadtests.sessions import Session
from loadtests.spec import LoadSpec, Progress, load_to_json, write_private
from loadtests.users import Stage, users_on

_TICK_S = 0.2
_REPORT_S = 1.0
_LEAD_S = 0.05  # between the last log-in and the first intended start
_DRAIN_S = 2.0  # beyond the request time-out, for the last requests to be recorded


class Generator:
    """One load, from log-in to record."""

    def __init__(self, spec: LoadSpec, progress: Path) -> None:
        self._spec, self._progress = spec, progress
        self._recorder = Recorder()
        self._stage = _stage(spec, self._recorder)
        self._parent = os.getppid()
        self._reported, self._counted, self._phase = 0.0, 0, ""

    def run(self) -> Load:
        """Send the load; what goes wrong is in the record."""
        profile = self._spec.profile
        environment = Environment(user_classes=users_on(self._stage), catch_exceptions=False)
        runner = environment.create_local_runner()
        runner.start(profile.users, spawn_rate=profile.users)
        try:
            problem = self._log_in()
            cpu = 0.0
            if not problem:
                problem, cpu = self._measure()
        finally:
            runner.greenlet.kill(block=False)
            runner.user_greenlets.kill(block=False)
        return Load(
            profile=profile.name, users=profile.users, seconds=profile.seconds, arrival=profile.arrival,
            seed=self._spec.seed, kinds=self._recorder.latencies(), generator_cpu=cpu, complete=not problem,
            problem=problem,
        )  # fmt: skip

    def _log_in(self) -> str:
        allowed = self._spec.log_in_seconds()
        begun = time.monotonic()

        def settled() -> bool:
            self._report("log-in", allowed - (time.monotonic() - begun))
            return bool(self._stage.refusals) or self._stage.ready == self._spec.profile.users

        if not self._until(settled, allowed):
            return f"only {self._stage.ready} of {self._spec.profile.users} users had logged in after {allowed:.0f} s"
        return self._stage.refusals[0] if self._stage.refusals else ""

    def _measure(self) -> tuple[str, float]:
        profile, stage = self._spec.profile, self._stage
        gc.collect()
        gc.freeze()  # what lives now lives to the end: the collector need not walk it during the load
        opening = time.monotonic() + profile.warm_up_s + _LEAD_S
        closing = opening + profile.seconds
        stage.opening.set(opening)
        process, used = psutil.Process(), [0.0, 0.0]
        for moment, at in enumerate((opening, closing)):
            gevent.spawn_later(max(at - time.monotonic(), 0), _note_cpu, process, used, moment)

        def over() -> bool:
            now = time.monotonic()
            phase = "warm-up" if now < opening else "measuring" if now < closing else "draining"
            self._report(phase, max(closing - now, 0))
            return now > closing and stage.done == profile.users

        limit = closing - time.monotonic() + profile.timeout_s + _DRAIN_S
        ended = self._until(over, limit)
        waiting = f"{profile.users - stage.done} users were still waiting after {limit:.0f} s"
        problem = self._recorder.crash if ended else waiting
        return problem, (used[1] - used[0]) / profile.seconds

    def _until(self, condition: Callable[[], bool], limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if os.getppid() != self._parent:
                sys.exit("the process that started the load is gone")
            if condition():
                return True
            gevent.sleep(_TICK_S)
        return False

    def _report(self, phase: str, left_s: float) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._reported < _REPORT_S:
            return
        requests = self._recorder.requests
        rate = (requests - self._counted) / (now - self._reported) if self._reported else 0.0
        self._reported, self._counted, self._phase = now, requests, phase
        state = Progress(
            phase=phase, users=self._stage.ready, requests=requests, rate=rate, p95_ms=self._recorder.p95_ms(),
            errors=self._recorder.failed, left_s=left_s,
        )  # fmt: skip
        with self._progress.open("a") as handle:
            handle.write(json.dumps(asdict(state)) + "\n")


def _note_cpu(process: psutil.Process, used: list[float], moment: int) -> None:
    times = process.cpu_times()
    used[moment] = times.user + times.system


def _stage(spec: LoadSpec, recorder: Recorder) -> Stage:
    host, port = spec.address()
    tls = trust(spec.ca, spec.certificate, spec.key) if spec.tls else None
    endpoint = Endpoint(host, port, spec.server_name, tls, spec.prefix)
    turn = Semaphore(spec.log_ins_at_once)
    stage = Stage(waiting={})
    for index, (role, identity) in enumerate(spec.cast()):
        client = Client(endpoint, source=spec.source(index), timeout_s=spec.profile.timeout_s)
        session = Session(
            role, identity, client, recorder, turn=turn, model=spec.model, page=spec.page,
            patience_s=spec.patience_s(index),
        )  # fmt: skip
        stage.waiting.setdefault(role, []).append((session, arrivals(spec.profile, role, index, spec.seed)))
    return stage


def _raise_file_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(arguments: list[str]) -> None:
    """Run one load as the files say."""
    source, progress, result = (Path(argument) for argument in arguments)
    spec = LoadSpec.model_validate_json(source.read_text())
    source.unlink()
    _raise_file_limit()
    load = Generator(spec, progress).run()
    write_private(result, load_to_json(load))


if __name__ == "__main__":
    main(sys.argv[1:])
