"""An account at work: logged in once, by the first of the users who share it, and again before its session ends."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

import gevent
from gevent.lock import Semaphore

from checks.application import LogIn, Request
from checks.application.codes import STEP_S, one_time_code
from checks.application.log_in import basic_credentials
from loadtests.generator.accounts import LoadAccount
from loadtests.generator.spec import Destination
from loadtests.users.http_answer import WRONG_BODY, HttpAnswer, RequestError
from loadtests.users.http_client import HttpClient

_RENEWAL = 0.8  # of a session's lifetime
_PATIENT = {401: 2, 429: 5, 503: 5}  # attempts after such an answer; the first stays below every lock-out limit


class LogInError(Exception):
    """A user could not log in; the message says who and why."""


class AccountSession:
    """One account. Users share its session, not its log-in: many an application allows one session of an account.

    Args:
        authority: the connections to where one logs in, when that is not the application itself.
    """

    def __init__(self, identity: LoadAccount, destination: Destination, authority: HttpClient | None = None) -> None:
        self.identity, self._how, self._authority = identity, destination.how_to_log_in(), authority
        self._lock = Semaphore(1)
        self._renew_at = math.inf
        self.authorization = ""
        self.headers: Mapping[str, str] = {}
        self.logged_in = False

    def log_in(self, client: HttpClient) -> None:
        """Log in, unless another user has.

        Args:
            client: the connections of the user who does.

        Raises:
            LogInError: it was refused.
            RequestError: no right answer.
        """
        with self._lock:
            if not self.logged_in:
                self._log_in(client)
                self.logged_in = True

    def renew_when_due(self, client: HttpClient, turn: Semaphore, at: float) -> None:
        """Log in again beside the load, when the session is about to end at a time by ``time.monotonic``; where that
        fails, the requests that follow say so.
        """
        if at > self._renew_at:
            self._renew_at = math.inf
            gevent.spawn(self._renew, client, turn)

    def _renew(self, client: HttpClient, turn: Semaphore) -> None:
        with contextlib.suppress(LogInError, RequestError), turn, self._lock:
            self._log_in(client)

    def _log_in(self, client: HttpClient) -> None:
        if self._how.kind in ("basic", "bearer"):
            self._show_header(client)
            return
        try:
            self._ask(self._authority or client)
        finally:
            if self._authority is not None:
                self._authority.close()

    def _show_header(self, client: HttpClient) -> None:
        """Nothing is sent to log in; whether the header is taken shows by who one is, where that can be asked."""
        identity, whoami = self.identity, self._how.whoami
        basic = self._how.kind == "basic"
        shown = basic_credentials(identity.username, identity.password) if basic else f"Bearer {identity.password}"
        if whoami is not None:
            self._answered(client, whoami, {"Authorization": shown})
        self.authorization = shown

    def _ask(self, client: HttpClient) -> None:
        answer = self._answered(client, None, {})
        token, cookies = self._how.token_in(answer.body), "" if self._how.token else _cookies(answer)
        if not (token or cookies):
            raise RequestError(WRONG_BODY)
        headers = {"Cookie": cookies} if cookies else {}
        if cookies and self._how.whoami is not None and self._authority is None:
            self._answered(client, self._how.whoami, headers)  # who is refused gets a cookie, too, as often as not
        self.authorization, self.headers = f"Bearer {token}" if token else "", headers
        lifetime = self._how.lifetime_in(answer.body)
        self._renew_at = time.monotonic() + _RENEWAL * lifetime if lifetime else math.inf

    def _answered(self, client: HttpClient, request: Request | None, shown: Mapping[str, str]) -> HttpAnswer:
        """The right answer to a request, by default the log-in, which is patient where it may be.

        A code is good once: another log-in of this account may have used the one of this step. Logging in is no part
        of what is measured, so a target that says when to come back is taken at its word.
        """
        for attempt in range(max(_PATIENT.values())):
            asked = request or self._how.asked(self.identity.username, self.identity.password, _code(self.identity))
            body, media_type = asked.encoded
            headers = {**({"Content-Type": media_type} if media_type else {}), **shown, **asked.headers}
            answer = client.request(asked.method, asked.path, body=body, headers=headers)
            if 200 <= answer.status < 300 or _redirects(self._how, answer):
                return answer
            hopeless = answer.status == 401 and (request is not None or not self.identity.totp_secret)
            if hopeless or attempt + 1 >= _PATIENT.get(answer.status, 1):
                break
            gevent.sleep(STEP_S - time.time() % STEP_S + 0.1 if answer.status == 401 else _pause(answer))
        msg = f"{self.identity.username} could not log in at {client.address}: status {answer.status}"
        raise LogInError(msg)


def _redirects(how: LogIn, answer: HttpAnswer) -> bool:
    """Whether a form was taken, which shows by a cookie and another page."""
    return not how.token and 300 <= answer.status < 400 and bool(_cookies(answer))


def _cookies(answer: HttpAnswer) -> str:
    jar: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        for line in answer.headers("Set-Cookie"):
            jar.load(line)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())


def _code(identity: LoadAccount) -> str:
    try:
        return one_time_code(identity.totp_secret, time.time()) if identity.totp_secret else ""
    except ValueError as problem:
        msg = f"{identity.username} could not log in: {problem}"
        raise LogInError(msg) from problem


def _pause(answer: HttpAnswer) -> float:
    after = answer.header("Retry-After")
    return min(float(after), 60.0) if after.isdigit() else 12.0
