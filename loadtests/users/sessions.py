"""What a simulated user does over HTTP: logs in once, then one request per arrival, checked for a right answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import gevent
import orjson
from gevent.lock import Semaphore

from checks.application import Request
from checks.application.load import Action
from checks.targets import Written
from loadtests.generator.spec import Destination
from loadtests.recording.recorder import Recorder
from loadtests.schedules.arrivals import Arrival
from loadtests.schedules.profiles import Role
from loadtests.users.account_session import AccountSession, LogInError
from loadtests.users.acts import DescribedActs
from loadtests.users.http_answer import HttpAnswer, RequestError, expect_success
from loadtests.users.http_client import HttpClient
from loadtests.users.streams import OllamaClock, TokenClock
from loadtests.users.usage import chat_with_usage
from loadtests.users.whole_chats import whole_chat


class UserSession:
    """One user at work. Latencies go to the recorder, from the intended start of each request.

    Args:
        account: whom the user logs in as, alone or with others; None for a user without log-in.
        actions: what the user does.
        destination: says how chats are asked for, of which model, and which page visitors read.
        turn: held during a log-in, so that only so many are under way at once.
        patience_s: wait before the log-in, for users who share an address of which the target takes so many a minute.
    """

    def __init__(
        self,
        role: Role,
        account: AccountSession | None,
        client: HttpClient,
        recorder: Recorder,
        destination: Destination,
        *,
        turn: Semaphore,
        patience_s: float = 0.0,
    ) -> None:
        self._role, self._account, self._client, self._recorder = role, account, client, recorder
        self._destination, self._turn, self._patience_s = destination, turn, patience_s
        self._acts: DescribedActs | None = None

    def log_in(self, actions: Iterable[Action] = ()) -> None:
        """Connect; with an account log in, and look up the records that the user then works with.

        Args:
            actions: what the user is going to do.

        Raises:
            LogInError: no connection, refused, or no right answer.
        """
        account = self._account
        if account and not account.logged_in:
            gevent.sleep(self._patience_s)
        with self._turn:
            try:
                if account is None:
                    self._client.open()
                else:
                    account.log_in(self._client)
                    self._client.authorization = account.authorization
                self._meet_records(actions)
            except RequestError as problem:
                who = account.identity.username if account else f"a {self._role} without account"
                what = "log in at" if account else "connect to"
                msg = f"{who} could not {what} {self._client.address}: {problem}"
                raise LogInError(msg) from problem

    def perform(self, arrival: Arrival, at_s: float, intended: float, *, measured: bool) -> None:
        """One request; never raises for what the target does.

        Args:
            at_s: when it was meant to start, after the opening of the measured window.
            intended: the same by ``time.monotonic``.
        """
        if self._account:
            self._account.renew_when_due(self._client, self._turn, intended)
        asked = self._asked(intended)
        error = ""
        begun = time.monotonic()
        try:
            self._do(arrival, asked)
        except RequestError as problem:
            error = str(problem)
        except Exception as crash:  # noqa: BLE001  a fault of ours must not pass for one of the target, nor be lost
            self._recorder.crash = f"{arrival.action}: {type(crash).__name__}: {crash}"
        ended = time.monotonic()
        if not measured:
            return
        recorder, stream = self._recorder, asked.stream
        times = stream.times(intended) if stream else None
        recorder.request(arrival.action, at_s, ended - intended, error, stream=times)
        recorder.time("generator:late", begun - intended)
        recorder.time("request:wait", (asked.sent or ended) - intended)
        recorder.time("request:service", ended - (asked.sent or ended))

    def read_back(self) -> Written | None:
        """Look for everything that this user wrote; None when it wrote nothing."""
        return self._acts.read_back(lambda request: self._asked(0.0).send(request), self._turn) if self._acts else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _meet_records(self, actions: Iterable[Action]) -> None:
        if self._destination.application is not None:
            self._acts = DescribedActs(self._destination.application, actions)
            self._acts.meet_records(lambda request: self._asked(0.0).send(request))

    def _do(self, arrival: Arrival, asked: _Asked) -> None:
        if arrival.action == "inference.chat":
            self._chat(arrival, asked)
        elif arrival.action == "page.get":
            asked.get(self._destination.page)
        elif self._acts is not None:
            self._acts.perform(arrival.action, arrival, asked.send)
        else:
            msg = "no application file says how it is done"
            raise LookupError(msg)

    def _asked(self, intended: float) -> _Asked:
        account = self._account
        if account is not None:
            self._client.authorization = account.authorization
        return _Asked(self._client, intended, account.headers if account else {})

    def _chat(self, arrival: Arrival, asked: _Asked) -> None:
        message = {"role": "user", "content": f"Summarise for the next shift: {arrival.note}"}
        whom = self._destination
        model = (self._acts and self._acts.model) or whom.model
        body: dict[str, object] = {"model": model, "messages": [message], "stream": whom.streamed}
        if not whom.streamed:
            whole_chat(asked.post, whom.dialect, whom.chat_prefix, body, arrival.tokens)
            return
        if whom.dialect == "ollama":
            asked.post(
                f"{whom.chat_prefix}/api/chat",
                body | {"options": {"num_predict": arrival.tokens}},
                stream=OllamaClock(),
            )
        else:
            question = body | {"max_tokens": arrival.tokens}
            path = f"{whom.chat_prefix}/v1/chat/completions"
            chat_with_usage(asked.post, self._client.address, path, question)
        if asked.stream and (cause := asked.stream.cause()):
            raise RequestError(cause)


class _Asked:
    """One request under way: when its head was sent, and the clock of its stream, if it is one."""

    def __init__(self, client: HttpClient, intended: float, shown: Mapping[str, str]) -> None:
        self._client, self._shown = client, shown
        self.intended = intended
        self.sent = 0.0
        self.stream: TokenClock | None = None

    def send(self, request: Request) -> HttpAnswer:
        """The answer to a request, whatever its status."""
        body, media_type = request.encoded
        return self._exchange(
            request.method, request.path, body, {"Content-Type": media_type} if body else {}, request.headers
        )

    def get(self, path: str) -> HttpAnswer:
        """The answer, which must be a success."""
        return expect_success(self._exchange("GET", path, b""))

    def post(
        self, path: str, body: object, *, headers: Mapping[str, str] | None = None, stream: TokenClock | None = None
    ) -> HttpAnswer:
        """Likewise, of a JSON body; a stream's tokens go to its clock."""
        self.stream = stream
        return expect_success(self._exchange("POST", path, orjson.dumps(body), headers or {}))

    def _exchange(self, method: str, path: str, body: bytes, *headers: Mapping[str, str]) -> HttpAnswer:
        together = dict(self._shown)
        for each in headers:
            together |= each
        return self._client.request(method, path, body=body, headers=together, on_data=self.stream, on_sent=self._note)

    def _note(self) -> None:
        self.sent = time.monotonic()
