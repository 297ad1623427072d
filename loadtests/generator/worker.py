"""A worker of a load: ``python -m loadtests.generator.worker DESTINATION PROGRESS RESULT HOST:PORT PATIENCE``, always a
process of its own.

Reads a `loadtests.generator.spec.Destination` from the first file and removes it, joins the leader at the address,
plays the users that it is told to play against its own destination and no other, and delivers its record. Appends
`Progress` lines to PROGRESS and writes a `Share` to RESULT. Ends when it is told to, when no leader was there within
PATIENCE seconds, when the leader is gone, or when the process that started it is.
"""

from __future__ import annotations

from locust.env import Environment  # first: importing Locust patches the standard library for gevent

# isort: split
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gevent
from locust.runners import WorkerRunner
from pydantic import ValidationError

from loadtests.generator.child import raise_file_limit
from loadtests.generator.generator import Reporter
from loadtests.generator.messages import Mail, MailError
from loadtests.generator.part import Part
from loadtests.generator.spec import Destination, LoadSpec, Progress, Share, SpecError, load_to_json, write_private
from loadtests.users.locust_users import users_on

_TICK_S = 0.1
_REPORT_S = 1.0
_SILENCE_S = 15.0  # of a leader whose heart beats every second


class Worker:
    """Plays one part of a load; ``problem`` says why it will not play it to the end."""

    def __init__(self, runner: WorkerRunner, destination: Destination, reporter: Reporter) -> None:
        self._runner, self._destination, self._reporter = runner, destination, reporter
        self._mail = Mail(destination)
        self._nonce = ""
        self._part: Part | None = None
        self._seconds, self._window = 0.0, (0.0, 0.0)
        self._said: tuple[object, ...] = ()
        self._reported = 0.0
        self.problem = ""
        runner.register_message("assignment", self._take)
        runner.register_message("open", self._open)

    def run(self) -> Share:
        """Work until told to quit."""
        parent, begun = os.getppid(), time.time()
        self._runner.send_message("hello", {"pid": os.getpid()})
        while len(self._runner.greenlet) and os.getppid() == parent and not self.problem:
            if self._part is not None:
                self._report(self._part)
                self._show(self._part)
            if time.time() - (self._runner.last_heartbeat_timestamp or begun) > _SILENCE_S:
                self.problem = f"the leader has not been heard of for {_SILENCE_S:.0f} s"
            gevent.sleep(_TICK_S)
        return self._share()

    def _share(self) -> Share:
        part = self._part
        if part is None:
            return Share(0, 0, 0, self.problem or "the leader had workers enough, or gave up waiting for more")
        if not (part.done or self.problem or part.refusal):
            self.problem = "the leader ended the load early; its record says why"
        return Share(part.users, part.requests, part.failed, self.problem or part.refusal)

    def _take(self, msg: Any, **_: object) -> None:  # noqa: ANN401  Locust ships no types
        if self._part is not None:
            return
        try:
            nonce = str(json.loads(msg.data["body"])["nonce"])
            asked = self._mail.opened("assignment", nonce, msg.data)
            spec = LoadSpec.model_validate(
                self._destination.model_dump() | {name: asked[name] for name in ("profile", "seed", "objectives")}
            )
            facing = self._destination.facing(spec.profile)
            part = Part(
                spec.model_copy(update={"sources": facing.sources}), asked["number"], asked["of"], asked["name"]
            )
        except MailError:
            self._refuse("the leader does not hold the same target file")
            return
        except SpecError as problem:
            self._refuse(str(problem))
            return
        except (ValidationError, KeyError, TypeError, ValueError):
            self._refuse("the leader is of another version")
            return
        self._nonce, self._part, self._seconds = nonce, part, spec.profile.seconds
        self._runner.environment.user_classes = users_on(part.stage)
        self._runner.start_worker({kind.__name__: kind.fixed_count for kind in self._runner.environment.user_classes})

    def _refuse(self, why: str) -> None:
        self._runner.send_message("refused", why)
        gevent.sleep(_TICK_S)  # for it to leave
        self.problem = why

    def _open(self, msg: Any, **_: object) -> None:  # noqa: ANN401  Locust ships no types
        if self._part is None:
            return
        in_s = float(self._mail.opened("open", self._nonce, msg.data)["in_s"])
        opening = time.monotonic() + in_s
        self._window = (opening, opening + self._seconds)
        self._part.open(in_s)

    def _report(self, part: Part) -> None:
        news = (part.ready == part.users, part.refusal, part.answered, part.done)
        if news == self._said and time.monotonic() - self._reported < _REPORT_S:
            return
        if self._said and self._said[-1]:
            return  # the record has been delivered
        self._said, self._reported = news, time.monotonic()
        self._runner.send_message(
            "state",
            self._mail.sealed(
                "state",
                self._nonce,
                {
                    "ready": part.ready,
                    "refusal": part.refusal,
                    "requests": part.requests,
                    "failed": part.failed,
                    "answered": part.answered,
                    "counts": list(part.counts_us().items()),
                    "record": load_to_json(part.record()) if part.done else "",
                },
            ),
        )

    def _show(self, part: Part) -> None:
        now, (opening, closing) = time.monotonic(), self._window
        if not opening:
            phase = "log-in"
        elif now < opening:
            phase = "warm-up"
        else:
            phase = "measuring" if now < closing else "reading back" if part.answered else "draining"
        self._reporter.report(phase, [part], max(closing - now, 0.0))


def join(leader: str, destination: Destination, reporter: Reporter, patience_s: float) -> Share:
    """Join the leader at ``host:port``, and play a part."""
    host, _, port = leader.rpartition(":")
    deadline = time.monotonic() + patience_s
    waiting = gevent.spawn(_say_waiting, reporter, deadline)
    try:
        with gevent.Timeout(patience_s):
            environment = Environment(user_classes=[], catch_exceptions=False)
            runner = environment.create_worker_runner(host, int(port))
    except (gevent.Timeout, ConnectionError):  # Locust itself gives up some time later
        return Share(0, 0, 0, f"no leader answered at {leader} within {patience_s:.0f} s")
    finally:
        waiting.kill()
    return Worker(runner, destination, reporter).run()


def _say_waiting(reporter: Reporter, deadline: float) -> None:
    parent = os.getppid()
    while True:
        reporter.write(Progress("leader", 0, 0, 0.0, 0.0, 0, max(deadline - time.monotonic(), 0.0)))
        gevent.sleep(_REPORT_S)
        if os.getppid() != parent:
            sys.exit("the process that started the worker is gone")


def main(arguments: list[str]) -> None:
    """Join one load."""
    source, progress, result = (Path(argument) for argument in arguments[:3])
    destination = Destination.model_validate_json(source.read_text())
    source.unlink()
    raise_file_limit()
    share = join(arguments[3], destination, Reporter(progress), float(arguments[4]))
    write_private(result, json.dumps(asdict(share)))


if __name__ == "__main__":
    main(sys.argv[1:])
