"""One process's part of a load: its users, its recorder and its own processor time."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from dataclasses import replace

import gevent
import psutil
from gevent.lock import Semaphore

from checks.targets import GeneratorProcess, Load
from loadtests.generator.spec import LoadSpec, empty_record
from loadtests.recording.merge import together
from loadtests.recording.recorder import Recorder
from loadtests.schedules.arrivals import arrivals
from loadtests.users.http_client import Endpoint, HttpClient, trust
from loadtests.users.locust_users import Stage
from loadtests.users.sessions import UserSession


class Part:
    """Every ``of``-th user of a load, from user ``number`` on: who they are and when they ask does not depend on the
    others.

    Args:
        name: what the record calls this process.
    """

    def __init__(self, spec: LoadSpec, number: int = 0, of: int = 1, name: str = "generator") -> None:
        self._spec, self.name = spec, name
        self._recorder = Recorder(spec.objectives)
        self.stage = _stage(spec, self._recorder, number, of)
        self.users = self.stage.users
        self._opening = self._closing = 0.0
        self._used = [0.0, 0.0]
        gc.collect()  # takes too long for the moment when the load opens

    @property
    def ready(self) -> int:
        """Users that have logged in."""
        return self.stage.ready

    @property
    def refusal(self) -> str:
        """Why a user could not log in; empty while all could."""
        return self.stage.refusals[0] if self.stage.refusals else ""

    @property
    def answered(self) -> bool:
        """Whether every request has ended."""
        return self.stage.answered == self.users

    @property
    def done(self) -> bool:
        """Whether everything has been read back, too, and the window has closed: until then processor time counts."""
        return self.stage.done == self.users and self._used[1] > 0

    @property
    def requests(self) -> int:
        """Requests recorded so far, and how many of them failed."""
        return self._recorder.requests

    @property
    def failed(self) -> int:
        """Of those, how many failed."""
        return self._recorder.failed

    def counts_us(self) -> Mapping[int, int]:
        """See `loadtests.recording.recorder.Recorder.counts_us`."""
        return self._recorder.counts_us()

    def open(self, in_s: float) -> None:
        """Let the users begin: the measured window opens in so many seconds."""
        self._opening = time.monotonic() + in_s
        gc.freeze()  # what lives now lives to the end: the collector need not walk it during the load
        self._closing = self._opening + self._spec.profile.seconds
        process = psutil.Process()
        for moment, at in enumerate((self._opening, self._closing)):
            gevent.spawn_later(max(at - time.monotonic(), 0), self._note_cpu, process, moment)
        self.stage.opening.set(self._opening)

    def record(self) -> Load:
        """What was recorded; complete unless the generator itself failed."""
        cpu = max(self._used[1] - self._used[0], 0.0) / self._spec.profile.seconds
        crash = self._recorder.crash
        return replace(
            empty_record(self._spec, crash),
            kinds=self._recorder.latencies(),
            slices=self._recorder.slices(),
            generator_cpu=cpu,
            generators=(GeneratorProcess(self.name, self.requests, cpu),),
            opened_ns=int(self._opening * 1e9),
            written=together(self.stage.written),
            complete=not crash,
            tokens=self._recorder.tokens,
        )

    def _note_cpu(self, process: psutil.Process, moment: int) -> None:
        times = process.cpu_times()
        self._used[moment] = times.user + times.system


def _stage(spec: LoadSpec, recorder: Recorder, number: int, of: int) -> Stage:
    host, port = spec.address()

    def endpoint(certificate: str, key: str) -> Endpoint:
        tls = trust(spec.ca, certificate, key) if spec.tls else None
        return Endpoint(host, port, spec.server_name, tls, spec.prefix)

    usual, node = endpoint(spec.certificate, spec.key), endpoint(spec.node_certificate, spec.node_key)
    turn = Semaphore(max(spec.log_ins_at_once // of, 1))
    stage = Stage(spec.profile, waiting={})
    for index, (role, identity) in enumerate(spec.assignments()):
        if index % of != number:
            continue
        client = HttpClient(
            node if role == "node" else usual, source=spec.source(index), timeout_s=spec.profile.timeout_s
        )
        client.authorization = f"Bearer {spec.api_key}" if spec.api_key else ""
        session = UserSession(
            role,
            identity,
            client,
            recorder,
            spec,
            turn=turn,
            patience_s=spec.patience_s(index),
        )
        stage.waiting.setdefault(role, []).append((session, arrivals(spec.profile, role, index, spec.seed)))
    return stage
