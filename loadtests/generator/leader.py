"""Leading workers over Locust's own master: other processes of this machine, or of others that join with ``--worker``.

A worker has the target's file itself, so no secret is sent to it; what is sent is what to play. Every message carries
an HMAC under what only the file's holders know and the load's own nonce: a stranger can neither give orders nor deliver
a record.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.exception import RPCError
from locust.runners import MasterRunner

from checks.targets import Load
from loadtests.generator.generator import Reporter, Sender
from loadtests.generator.messages import Mail, MailError
from loadtests.generator.spec import Destination, LoadSpec, Progress, SpecError, load_from_json, write_private

_LOOPBACK = "127.0.0.1"
_TICK_S = 0.1
_MISSED_BEATS = 12  # of one a second, beyond the three that Locust lets pass: drawing many schedules takes time


class RemotePart:
    """Implements `loadtests.generator.generator.Sender`: a worker's part, as its last message tells.

    Args:
        pid: of its process, on whatever machine.
        tell: sends a message to the worker: kind, body.
    """

    def __init__(self, name: str, pid: int, users: int, tell: Callable[[str, Mapping[str, object]], None]) -> None:
        self.name, self.pid, self.users = name, pid, users
        self.ready = self.requests = self.failed = 0
        self.refusal, self.answered = "", False
        self._counts: dict[int, int] = {}
        self._tell = tell
        self._record: Load | None = None

    @property
    def done(self) -> bool:
        """Whether its record has arrived."""
        return self._record is not None

    def counts_us(self) -> Mapping[int, int]:
        """See `loadtests.generator.generator.Sender.counts_us`."""
        return self._counts

    def open(self, in_s: float) -> None:
        """See `loadtests.generator.generator.Sender.open`."""
        self._tell("open", {"in_s": in_s})

    def record(self) -> Load:
        """See `loadtests.generator.generator.Sender.record`; ask when it is done."""
        assert self._record is not None  # noqa: S101  the caller has looked
        return self._record

    def hear(self, body: Mapping[str, Any]) -> None:
        """Take in what the worker says."""
        self.ready, self.refusal = int(body["ready"]), str(body["refusal"])
        self.requests, self.failed = int(body["requests"]), int(body["failed"])
        self.answered = bool(body["answered"])
        self._counts = {int(value): int(count) for value, count in body["counts"]}
        if body["record"]:
            self._record = load_from_json(body["record"])


class _Workers:
    def __init__(self, spec: LoadSpec, master: MasterRunner) -> None:
        self._spec, self._master = spec, master
        self._nonce = secrets.token_hex(16)
        self._mail = Mail(spec)
        self.parts: dict[str, RemotePart] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.stranger = ""
        self._begun = time.monotonic()
        for kind, listener in (("hello", self._greet), ("state", self._hear), ("refused", self._refused)):
            master.register_message(kind, listener)

    def _greet(self, msg: Any, **_: object) -> None:  # noqa: ANN401  Locust ships no types
        number, wanted = len(self.parts), self._spec.processes
        if msg.node_id in self.parts or number == wanted:
            return  # one too many: it is told to quit with the others
        spec = self._spec
        name = f"worker {number + 1} on {str(msg.node_id).rpartition('_')[0]}"

        def tell(kind: str, body: Mapping[str, object]) -> None:
            self._master.send_message(kind, self._mail.sealed(kind, self._nonce, body), client_id=msg.node_id)

        users = len(range(number, spec.profile.users, wanted))
        self.parts[msg.node_id] = RemotePart(name, (msg.data or {}).get("pid", 0), users, tell)
        tell(
            "assignment",
            {
                "profile": spec.profile.model_dump(mode="json"),
                "seed": spec.seed,
                "number": number,
                "of": wanted,
                "name": name,
                "objectives": spec.model_dump(mode="json")["objectives"],
                "nonce": self._nonce,
            },
        )

    def _hear(self, msg: Any, **_: object) -> None:  # noqa: ANN401  Locust ships no types
        part = self.parts.get(msg.node_id)
        if part is None:
            return
        try:
            part.hear(self._mail.opened("state", self._nonce, msg.data))
        except MailError as problem:
            self.stranger = f"{part.name}: {problem}"

    def _refused(self, msg: Any, **_: object) -> None:  # noqa: ANN401  Locust ships no types
        if part := self.parts.get(msg.node_id):
            self.stranger = f"{part.name} refused: {str(msg.data)[:200]}"

    def lost(self) -> str:
        """Who cannot be counted on any more, and since when; empty while everybody can."""
        if self.stranger:
            return self.stranger
        if len(self.parts) == self._spec.processes and all(part.done for part in self.parts.values()):
            return ""  # they end one by one
        dead = {process.pid: _ending(process) for process in self.processes if process.poll() is not None}
        who = [
            part.name + dead.get(part.pid, "")
            for node, part in self.parts.items()
            if not part.done and (part.pid in dead or not self._heard_of(node))
        ]
        who += [f"a worker{dead[pid]}" for pid in dead.keys() - {part.pid for part in self.parts.values()}]
        after_s = time.monotonic() - self._begun
        return (
            f"{who[0]} was lost {after_s:.0f} s after the start: what its users sent is not in the record"
            if who
            else ""
        )

    def _heard_of(self, node: str) -> bool:
        return node in self._master.clients and self._master.clients[node].heartbeat > -_MISSED_BEATS


@contextmanager
def joined_workers(spec: LoadSpec, progress: Path) -> Iterator[tuple[Sequence[Sender], Callable[[], str]]]:
    """Workers that wait for the load to open, and what says who was lost; all are gone afterwards.

    Raises:
        SpecError: the address is taken, or not enough of them came in time.
    """
    host, port = _listening(spec)
    try:
        master = Environment(user_classes=[], catch_exceptions=False).create_master_runner(host, port)
    except (RPCError, SystemExit) as problem:
        said = str(problem).removeprefix("Socket bind failure: ").partition(" (addr=")[0]
        why = "it is taken" if isinstance(problem, SystemExit) else said
        msg = f"cannot listen for workers on {host}:{port}: {why}"
        raise SpecError(msg) from problem
    made = _Workers(spec, master)
    try:
        if not spec.listen:
            address = f"{_LOOPBACK}:{master.server.port}"
            made.processes += [_started(spec, address, progress, number) for number in range(spec.processes)]
        _wait_for_workers(made, spec, progress)
        yield list(made.parts.values()), made.lost
    finally:
        master.quit()
        master.server.close(linger=0)
        for process in made.processes:
            process.kill()
            process.wait()


def _listening(spec: LoadSpec) -> tuple[str, int]:
    if not spec.listen:
        return _LOOPBACK, 0
    host, _, port = spec.listen.rpartition(":")
    if not host or not port.isdigit():
        msg = f"{spec.listen} is not host:port"
        raise SpecError(msg)
    return host, int(port)


def _started(spec: LoadSpec, address: str, progress: Path, number: int) -> subprocess.Popen[bytes]:
    source, said, result = (progress.with_suffix(f".worker{number}.{kind}.json") for kind in ("spec", "said", "result"))
    write_private(source, spec.model_dump_json(include=set(Destination.model_fields)))
    argv = [
        sys.executable,
        "-m",
        "loadtests.generator.worker",
        *map(str, (source, said, result)),
        address,
        str(spec.patience),
    ]
    return subprocess.Popen(argv)


def _wait_for_workers(made: _Workers, spec: LoadSpec, progress: Path) -> None:
    reporter = Reporter(progress)
    deadline = time.monotonic() + spec.patience
    told = 0.0
    while len(made.parts) < spec.processes:
        left = deadline - time.monotonic()
        if problem := made.lost():
            raise SpecError(problem)
        if left <= 0:
            msg = f"{len(made.parts)} of {spec.processes} workers had come after {spec.patience:.0f} s"
            raise SpecError(msg)
        if time.monotonic() - told > 1:
            told = time.monotonic()
            reporter.write(Progress("workers", len(made.parts), 0, 0.0, 0.0, 0, left))
        gevent.sleep(_TICK_S)


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f", killed by signal {-code}," if code < 0 else f", which ended with status {code},"
