"""What a simulated user does over HTTP: logs in once, then one request per arrival, checked for a right answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping

import gevent
import orjson
import pyotp
from gevent.lock import Semaphore

from loadtests.client import Answer, Client, RequestError, TokenClock
from loadtests.profiles import Action, Role
from loadtests.recorder import Recorder
from loadtests.schedule import Arrival
from loadtests.spec import WARD_SIZE, Identity

_TOTP_STEP_S = 30.0
_ATTEMPTS = 3  # below every lock-out limit


class LogInError(Exception):
    """A user could not log in; the message says who and why."""


class Session:
    """One user at work. Latencies go to the recorder, from the intended start of each request.

    Args:
        turn: held during a log-in, so that only so many are under way at once.
        patience_s: wait before the log-in, for users who share an address of which the target takes so many a minute.
        model: what chats ask for; ``page``: what visitors read.
    """

    def __init__(
        self, role: Role, identity: Identity | None, client: Client, recorder: Recorder, *, turn: Semaphore,
        model: str, page: str, patience_s: float = 0.0,
    ) -> None:  # fmt: skip
        self._role, self._identity, self._client, self._recorder = role, identity, client, recorder
        self._turn, self._model, self._page, self._patience_s = turn, model, page, patience_s
        self._patients: tuple[str, ...] = ()
        self._acts: Mapping[Action, Callable[[Arrival, float], None]] = {
            "inference.chat": self._chat,
            "patient.list": self._list_patients,
            "patient.read": self._read_patient,
            "patient.encounter": self._write_encounter,
            "budget.read": self._read_budget,
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
                msg = f"{who} could not log in: {problem}"
                raise LogInError(msg) from problem

    def perform(self, arrival: Arrival, intended: float) -> None:
        """One request; never raises for what the target does.

        Args:
            intended: when it was meant to start, by ``time.monotonic``.
        """
        error = ""
        late = time.monotonic() - intended
        try:
            self._acts[arrival.action](arrival, intended)
        except RequestError as problem:
            error = str(problem)
        except Exception as crash:  # noqa: BLE001  a fault of ours must not pass for one of the target, nor be lost
            self._recorder.crash = f"{arrival.action}: {type(crash).__name__}: {crash}"
        if arrival.measured:
            self._recorder.request(arrival.action, time.monotonic() - intended, error)
            self._recorder.time("generator:late", late)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _log_in(self, identity: Identity) -> None:
        for attempt in range(_ATTEMPTS):
            body = {"username": identity.username, "password": identity.password}
            body |= {"totp": pyotp.TOTP(identity.totp_secret).now()} if identity.totp_secret else {}
            answer = self._client.request("POST", "/auth/login", body=orjson.dumps(body))
            if answer.status == 200:
                self._client.authorization = f"Bearer {_table(answer)['access_token']}"
                return
            if answer.status not in (401, 429, 503) or attempt == _ATTEMPTS - 1:
                break
            # A code is good once: another log-in of this account may have used the one of this step. Logging in is no
            # part of what is measured, so a target that says when to come back is taken at its word.
            gevent.sleep(_TOTP_STEP_S - time.time() % _TOTP_STEP_S + 0.1 if answer.status == 401 else _pause(answer))
        msg = f"{identity.username} could not log in: status {answer.status}"
        raise LogInError(msg)

    def _meet_patients(self, identity: Identity) -> None:
        if self._role != "nurse":
            return
        self._patients = _identifiers(self._expect("GET", f"/patients?limit={WARD_SIZE}"))
        if not self._patients:
            msg = f"{identity.username} sees no patient to read"
            raise LogInError(msg)

    def _chat(self, arrival: Arrival, intended: float) -> None:
        clock = TokenClock()
        message = {"role": "user", "content": f"Summarise for the next shift: {arrival.note}"}
        body = {"model": self._model, "messages": [message], "max_tokens": arrival.tokens, "stream": True}
        self._expect("POST", "/v1/chat/completions", body, on_data=clock)
        if not (clock.finished and clock.tokens):
            msg = "wrong body"
            raise RequestError(msg)
        if arrival.measured:
            self._recorder.time("inference.chat:first_token", clock.first - intended)
            if clock.tokens > 1:
                per_token = (clock.last - clock.first) / (clock.tokens - 1)
                self._recorder.time("inference.chat:per_token", per_token)

    def _list_patients(self, arrival: Arrival, intended: float) -> None:
        del arrival, intended
        if not _identifiers(self._expect("GET", "/patients?limit=20")):
            msg = "wrong body"
            raise RequestError(msg)

    def _read_patient(self, arrival: Arrival, intended: float) -> None:
        del intended
        patient = self._patient(arrival)
        if str(_table(self._expect("GET", f"/patients/{patient}")).get("id")) != patient:
            msg = "wrong body"
            raise RequestError(msg)

    def _write_encounter(self, arrival: Arrival, intended: float) -> None:
        del intended
        key = {"Idempotency-Key": str(uuid.uuid4())}
        body = {"note": arrival.note, "kind": "visit"}
        answer = self._expect("POST", f"/patients/{self._patient(arrival)}/encounters", body, headers=key)
        if "id" not in _table(answer):
            msg = "wrong body"
            raise RequestError(msg)

    def _read_budget(self, arrival: Arrival, intended: float) -> None:
        del arrival, intended
        _table(self._expect("GET", "/dp/budget"))

    def _get_page(self, arrival: Arrival, intended: float) -> None:
        del arrival, intended
        self._expect("GET", self._page)

    def _patient(self, arrival: Arrival) -> str:
        return self._patients[int(arrival.pick * len(self._patients))]

    def _expect(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None,
        on_data: Callable[[bytes], None] | None = None,
    ) -> Answer:  # fmt: skip
        text = b"" if body is None else orjson.dumps(body)
        answer = self._client.request(method, path, body=text, headers=headers, on_data=on_data)
        if not 200 <= answer.status < 300:
            msg = f"status {answer.status}"
            raise RequestError(msg)
        return answer


def _pause(answer: Answer) -> float:
    after = answer.header("Retry-After")
    return min(float(after), 60.0) if after.isdigit() else 12.0


def _table(answer: Answer) -> dict[str, object]:
    try:
        table = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        table = None
    if not isinstance(table, dict):
        msg = "wrong body"
        raise RequestError(msg)
    return table


def _identifiers(answer: Answer) -> tuple[str, ...]:
    """The ids of a list of patients, which comes bare or under ``patients`` or ``items``."""
    try:
        rows = orjson.loads(answer.body)
        if isinstance(rows, dict):
            rows = rows.get("patients", rows.get("items"))
        return tuple(str(row["id"]) for row in rows)
    except (orjson.JSONDecodeError, KeyError, TypeError) as problem:
        msg = "wrong body"
        raise RequestError(msg) from problem
