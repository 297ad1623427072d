"""What a simulated user does over HTTP: logs in once, then one request per arrival, checked for a right answer."""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections.abc import Callable, Mapping

import gevent
import orjson
from gevent.lock import Semaphore

from checks.application.codes import STEP_S, one_time_code
from checks.application.log_in import basic_credentials
from checks.targets import Written
from loadtests.generator.spec import PATIENTS_PER_NURSE, Destination, LoadAccount
from loadtests.recording.recorder import Recorder
from loadtests.schedules.arrivals import Arrival
from loadtests.schedules.profiles import Action, Role
from loadtests.users.http_answer import WRONG_BODY, HttpAnswer, RequestError, expect_success, table_of
from loadtests.users.http_client import HttpClient
from loadtests.users.streams import OllamaClock, TokenClock
from loadtests.users.usage import chat_with_usage
from loadtests.users.written import WrittenRecords

_RENEWAL = 0.8  # of a token's lifetime
_PATIENT = {401: 2, 429: 5, 503: 5}  # attempts after such an answer; the first stays below every lock-out limit


class LogInError(Exception):
    """A user could not log in; the message says who and why."""


class UserSession:
    """One user at work. Latencies go to the recorder, from the intended start of each request.

    Args:
        destination: says how chats are asked for, of which model, and which page visitors read.
        turn: held during a log-in, so that only so many are under way at once.
        patience_s: wait before the log-in, for users who share an address of which the target takes so many a minute.
    """

    def __init__(
        self,
        role: Role,
        identity: LoadAccount | None,
        client: HttpClient,
        recorder: Recorder,
        destination: Destination,
        *,
        turn: Semaphore,
        patience_s: float = 0.0,
    ) -> None:
        self._role, self._identity, self._client, self._recorder = role, identity, client, recorder
        self._destination, self._turn, self._patience_s = destination, turn, patience_s
        self._patients: tuple[str, ...] = ()
        self._ledger = WrittenRecords()
        self._renew_at = math.inf
        self._acts: Mapping[Action, Callable[[Arrival, _Asked], None]] = {
            "inference.chat": self._chat,
            "patient.list": self._list_patients,
            "patient.read": self._read_patient,
            "patient.encounter": self._write_encounter,
            "privacy.budget": self._read_budget,
            "privacy.aggregate": self._ask_aggregate,
            "audit.read": self._read_audit,
            "federation.heartbeat": self._beat,
            "page.get": self._get_page,
        }

    def log_in(self) -> None:
        """Connect; with an account get a token, and for a nurse the patients on the ward.

        Raises:
            LogInError: no connection, refused, or no right answer.
        """
        gevent.sleep(self._patience_s if self._identity else 0)
        with self._turn:
            try:
                if self._identity is None:
                    self._client.open()
                else:
                    self._log_in(self._identity)
                    self._meet_patients(self._identity)
            except RequestError as problem:
                who = self._identity.username if self._identity else f"a {self._role} without account"
                what = "log in at" if self._identity else "connect to"
                msg = f"{who} could not {what} {self._client.address}: {problem}"
                raise LogInError(msg) from problem

    def perform(self, arrival: Arrival, at_s: float, intended: float, *, measured: bool) -> None:
        """One request; never raises for what the target does.

        Args:
            at_s: when it was meant to start, after the opening of the measured window.
            intended: the same by ``time.monotonic``.
        """
        if self._identity and intended > self._renew_at:
            self._renew_at = math.inf
            gevent.spawn(self._renew, self._identity)
        asked = _Asked(self._client, intended)
        error = ""
        begun = time.monotonic()
        try:
            self._acts[arrival.action](arrival, asked)
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
        return self._ledger.read_back(self._client, self._turn) if self._ledger.wrote else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _log_in(self, identity: LoadAccount) -> None:
        how = self._destination.how_to_log_in()
        if how.kind == "basic":
            self._client.authorization = basic_credentials(identity.username, identity.password)
            return
        for attempt in range(max(_PATIENT.values())):
            asked = how.asked(identity.username, identity.password, _code(identity))
            body, media_type = asked.encoded
            headers = {"Content-Type": media_type, **asked.headers}
            answer = self._client.request(asked.method, asked.path, body=body, headers=headers)
            if 200 <= answer.status < 300:
                if not (token := how.token_in(answer.body)):
                    raise RequestError(WRONG_BODY)
                self._client.authorization = f"Bearer {token}"
                lifetime = how.lifetime_in(answer.body)
                self._renew_at = time.monotonic() + _RENEWAL * lifetime if lifetime else math.inf
                return
            if answer.status not in _PATIENT or attempt + 1 >= _PATIENT[answer.status]:
                break
            # A code is good once: another log-in of this account may have used the one of this step. Logging in is no
            # part of what is measured, so a target that says when to come back is taken at its word.
            gevent.sleep(STEP_S - time.time() % STEP_S + 0.1 if answer.status == 401 else _pause(answer))
        msg = f"{identity.username} could not log in at {self._client.address}: status {answer.status}"
        raise LogInError(msg)

    def _renew(self, identity: LoadAccount) -> None:
        """Log in again beside the load; where that fails, the requests that follow say so."""
        with contextlib.suppress(LogInError, RequestError), self._turn:
            self._log_in(identity)

    def _meet_patients(self, identity: LoadAccount) -> None:
        if self._role != "nurse":
            return
        self._patients = _identifiers(
            expect_success(self._client.request("GET", f"/patients?limit={PATIENTS_PER_NURSE}"))
        )
        if not self._patients:
            msg = f"{identity.username} sees no patient to read"
            raise LogInError(msg)

    def _chat(self, arrival: Arrival, asked: _Asked) -> None:
        message = {"role": "user", "content": f"Summarise for the next shift: {arrival.note}"}
        body: dict[str, object] = {"model": self._destination.model, "messages": [message], "stream": True}
        if self._destination.dialect == "ollama":
            asked.post("/api/chat", body | {"options": {"num_predict": arrival.tokens}}, stream=OllamaClock())
        else:
            question = body | {"max_tokens": arrival.tokens}
            chat_with_usage(asked.post, self._client.address, "/v1/chat/completions", question)
        if asked.stream and (cause := asked.stream.cause()):
            raise RequestError(cause)

    def _list_patients(self, arrival: Arrival, asked: _Asked) -> None:
        del arrival
        if not _identifiers(asked.get("/patients?limit=20")):
            raise RequestError(WRONG_BODY)

    def _read_patient(self, arrival: Arrival, asked: _Asked) -> None:
        patient = self._patient(arrival)
        if str(table_of(asked.get(f"/patients/{patient}")).get("id")) != patient:
            raise RequestError(WRONG_BODY)

    def _write_encounter(self, arrival: Arrival, asked: _Asked) -> None:
        self._ledger.write(asked.post, self._patient(arrival), arrival.note)

    def _read_budget(self, arrival: Arrival, asked: _Asked) -> None:
        del arrival
        if "remaining" not in table_of(asked.get("/dp/budget")):
            raise RequestError(WRONG_BODY)

    def _ask_aggregate(self, arrival: Arrival, asked: _Asked) -> None:
        del arrival
        answer = asked.post("/dp/aggregates", {"kind": "count"}, headers={"Idempotency-Key": str(uuid.uuid4())})
        if not isinstance(table_of(answer).get("value"), int | float):
            raise RequestError(WRONG_BODY)

    def _read_audit(self, arrival: Arrival, asked: _Asked) -> None:
        del arrival
        if "entries" not in table_of(asked.get("/audit?limit=50")):
            raise RequestError(WRONG_BODY)

    def _beat(self, arrival: Arrival, asked: _Asked) -> None:
        del arrival
        table_of(asked.get("/health"))

    def _get_page(self, arrival: Arrival, asked: _Asked) -> None:
        del arrival
        asked.get(self._destination.page)

    def _patient(self, arrival: Arrival) -> str:
        return self._patients[int(arrival.pick * len(self._patients))]


class _Asked:
    """One request under way: when its head was sent, and the clock of its stream, if it is one."""

    def __init__(self, client: HttpClient, intended: float) -> None:
        self._client = client
        self.intended = intended
        self.sent = 0.0
        self.stream: TokenClock | None = None

    def get(self, path: str) -> HttpAnswer:
        """The answer, which must be a success."""
        return self._expect("GET", path, b"")

    def post(
        self, path: str, body: object, *, headers: Mapping[str, str] | None = None, stream: TokenClock | None = None
    ) -> HttpAnswer:
        """Likewise, of a JSON body; a stream's tokens go to its clock."""
        self.stream = stream
        return self._expect("POST", path, orjson.dumps(body), headers)

    def _expect(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        answer = self._client.request(method, path, body=body, headers=headers, on_data=self.stream, on_sent=self._note)
        return expect_success(answer)

    def _note(self) -> None:
        self.sent = time.monotonic()


def _code(identity: LoadAccount) -> str:
    try:
        return one_time_code(identity.totp_secret, time.time()) if identity.totp_secret else ""
    except ValueError as problem:
        msg = f"{identity.username} could not log in: {problem}"
        raise LogInError(msg) from problem


def _pause(answer: HttpAnswer) -> float:
    after = answer.header("Retry-After")
    return min(float(after), 60.0) if after.isdigit() else 12.0


def _identifiers(answer: HttpAnswer) -> tuple[str, ...]:
    """The ids of a list of patients, which comes bare or under ``patients`` or ``items``."""
    try:
        rows = orjson.loads(answer.body)
        if isinstance(rows, dict):
            rows = rows.get("patients", rows.get("items"))
        return tuple(str(row["id"]) for row in rows)
    except (orjson.JSONDecodeError, KeyError, TypeError) as problem:
        raise RequestError(WRONG_BODY) from problem
