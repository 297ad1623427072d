"""A worker of a load: ``python -m loadtests.worker DESTINATION HOST:PORT``, always a process of its own.

Reads a `loadtests.spec.Destination` from the file and removes it, joins the leader at the address, plays the users that it is
told to play against its own destination and no other, and delivers its record. Ends when it is told to, when the leader
is gone, or when the process that started it is.
"""

from __future__ import annotations

from locust.env import Environment  # first: importing Locust patches the standard library for gevent

# isort: split
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from locust.runners import WorkerRunner

from loadtests.child import raise_file_limit
from loadtests.messages import Mail, MailError
from loadtests.part import Part
from loadtests.spec import Destination, LoadSpec, SpecError, load_to_json
from loadtests.users import users_on

_TICK_S = 0.1
_REPORT_S = 1.0


class Worker:
    """Plays one part of a load."""

    def __init__(self, runner: WorkerRunner, destination: Destination) -> None:
        self._runner, self._destination = runner, destination
        self._mail = Mail(destination)
        self._nonce = ""
        self._part: Part | None = None
        self._said: tuple[object, ...] = ()
        self._reported = 0.0
        runner.register_message("cast", self._take)
        runner.register_message("open", self._open)

    def run(self) -> None:
        """Work until told to quit."""
        parent = os.getppid()
        self._runner.send_message("hello")
        while len(self._runner.greenlet) and os.getppid() == parent:
            if self._part is not None:
                self._report(self._part)
            gevent.sleep(_TICK_S)

    def _take(self, msg: Any, **_: object) -> None:  # noqa: ANN401  Locust ships no types
        try:
            nonce = str(json.loads(msg.data["body"])["nonce"])
            asked = self._mail.opened("cast", nonce, msg.data)
            known = self._destination.model_dump()
            what = {name: asked[name] for name in ("profile", "seed", "objectives")}
            spec = LoadSpec.model_validate(known | what)
            part = Part(spec, asked["number"], asked["of"], asked["name"])
        except (MailError, SpecError) as problem:
            self._runner.send_message("refused", str(problem))
            return
        self._nonce, self._part = nonce, part
        self._runner.environment.user_classes = users_on(part.stage)
        self._runner.start_worker({kind.__name__: kind.fixed_count for kind in self._runner.environment.user_classes})

    def _open(self, msg: Any, **_: object) -> None:  # noqa: ANN401  Locust ships no types
        if self._part is not None:
            self._part.open(float(self._mail.opened("open", self._nonce, msg.data)["in_s"]))

    def _report(self, part: Part) -> None:
        news = (part.ready == part.users, part.refusal, part.answered, part.done)
        if news == self._said and time.monotonic() - self._reported < _REPORT_S:
            return
        if self._said and self._said[-1]:
            return  # the record has been delivered
        self._said, self._reported = news, time.monotonic()
        self._runner.send_message("state", self._mail.sealed("state", self._nonce, {
            "ready": part.ready, "refusal": part.refusal, "requests": part.requests, "failed": part.failed,
            "answered": part.answered, "counts": list(part.counts_us().items()),
            "record": load_to_json(part.record()) if part.done else "",
        }))  # fmt: skip


def main(arguments: list[str]) -> None:
    """Join one load."""
    source = Path(arguments[0])
    host, _, port = arguments[1].rpartition(":")
    destination = Destination.model_validate_json(source.read_text())
    source.unlink()
    raise_file_limit()
    Worker(
        Environment(user_classes=[], catch_exceptions=False).create_worker_runner(host, int(port)), destination
    ).run()


if __name__ == "__main__":
    main(sys.argv[1:])
