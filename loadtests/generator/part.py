"""One process's part of a load: its users, its recorder and its own processor time."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Mapping
from dataclasses import replace

import gevent
import psutil
from gevent.lock import Semaphore

from checks.application.codes import STEP_S
from checks.targets import GeneratorProcess, Load
from loadtests.generator.accounts import LoadAccount
from loadtests.generator.spec import LoadSpec, SpecError, empty_record
from loadtests.recording.merge import together
from loadtests.recording.recorder import Recorder
from loadtests.schedules.arrivals import arrivals
from loadtests.users.account_session import AccountSession
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
    _check_source(spec.source(number))

    tls = trust(spec.ca, spec.certificate, spec.key) if spec.tls else None
    usual = Endpoint(host, port, spec.server_name, tls, spec.prefix)
    tls = trust(spec.ca, spec.node_certificate, spec.node_key) if spec.tls else None
    node = Endpoint(host, port, spec.server_name, tls, spec.prefix)
    turn = Semaphore(max(spec.log_ins_at_once // of, 1))
    stage, sessions, timeout_s = Stage(spec.profile, waiting={}), _Sessions(spec, number), spec.profile.timeout_s
    for index, (role, identity) in enumerate(spec.assignments()):
        account, patience_s = sessions.of(identity, index)
        if index % of != number:
            continue
        client = HttpClient(node if role == "node" else usual, source=spec.source(index), timeout_s=timeout_s)
        client.authorization = f"Bearer {spec.api_key}" if spec.api_key else ""
        session = UserSession(role, account, client, recorder, spec, turn=turn, patience_s=patience_s)
        stage.waiting.setdefault(role, []).append((session, arrivals(spec.profile, role, index, spec.seed)))
    return stage


def _check_source(address: str) -> None:
    if not address:
        return
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.bind((address, 0))
    except OSError as problem:
        msg = f"cannot send from {address}, which is in the target's [client] load_network: {problem.strerror}"
        raise SpecError(msg) from problem


class _Sessions:
    """The accounts of a part, each with a session that its users share."""

    def __init__(self, spec: LoadSpec, number: int) -> None:
        self._spec, self._number = spec, number
        self._known: dict[LoadAccount, tuple[AccountSession, float]] = {}

    def of(self, identity: LoadAccount | None, index: int) -> tuple[AccountSession | None, float]:
        """The session of a user's account, and how long to wait before its log-in."""
        spec, known = self._spec, self._known
        if identity is None:
            return None, 0.0
        if identity not in known:
            shared = spec.users_per_account > 1
            asks = spec.how_to_log_in().kind not in ("basic", "bearer")
            patience_s = spec.patience_s(len(known) if shared else index) if asks else 0.0
            if shared and identity.totp_secret:
                patience_s += self._number * STEP_S  # another process may have the same account: a code is good once
            known[identity] = AccountSession(identity, spec, self._authority(index)), patience_s
        return known[identity]

    def _authority(self, index: int) -> HttpClient | None:
        spec = self._spec
        if not spec.authority_url:
            return None
        whom = spec.model_copy(update={"base_url": spec.authority_url})
        tls = trust(spec.ca) if whom.tls else None
        endpoint = Endpoint(*whom.address(), spec.authority_name, tls, whom.prefix)
        return HttpClient(endpoint, source=spec.source(index), timeout_s=spec.profile.timeout_s)
