"""How one logs in: which request, where the token stands, how the session ends.

    request = log_in.asked("nurse.a", password, code)    # POST /auth/login with these in its body
    token = log_in.token_in(answer.body)

The record forms the request and reads the answer; who sends it is `fixtures.application.client`, or a user of a load.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from checks.application.answers import value_at
from checks.application.request import STRICT, Request
from checks.model import NotDeclaredError

LogInKind = Literal["json", "form", "basic", "bearer", "client-credentials", "password-grant"]


@dataclass(frozen=True, config=STRICT)
class LogIn:
    """How somebody logs in, and what comes back. Placeholders of ``request``: username, password, code.

    Args:
        kind: ``json`` and ``form`` send ``request``; ``basic`` and ``bearer`` send a header with every request and need
            none; the OAuth 2.0 grants (RFC 6749, sections 4.3 and 4.4) send ``request`` as the token endpoint takes it.
        token: JSON pointer (RFC 6901) to the token in the answer; empty when a cookie is the session.
        expires_in: JSON pointer to the token's lifetime in s; empty when the answer does not say.
        idle_expires_in: likewise to the s without a request after which the session ends.
        base_url: of the authorization server, where that is not the application's own.
        code: the request's field that carries the one-time code of the second factor; empty when there is no such.
        whoami: answers whoever is logged in, and nobody else.
        log_out: ends the session; None when there is no way.
    """

    kind: LogInKind
    request: Request | None = None
    token: str = "/access_token"  # noqa: S105  where it stands, not what it is
    expires_in: str = ""
    idle_expires_in: str = ""
    base_url: Annotated[str, Field(pattern=r"^(https?://[^\s/]+)?$")] = ""
    code: str = ""
    whoami: Request | None = None
    log_out: Request | None = None

    def asked(self, username: str, password: str, code: str = "") -> Request:
        """The request of somebody; without a code its field is left out, rather than given as nothing.

        Raises:
            CannotLookError: the description has no such request.
        """
        if self.request is None:
            msg = "the application file's [log_in] has no request"
            raise NotDeclaredError(msg, "log_in")
        template = self.request if code or not self.code else _without(self.request, self.code)
        return template.filled({"username": username, "password": password, "code": code})

    def token_in(self, body: bytes) -> str:
        """The token in the answer to a log-in; empty when it holds none, or when a cookie is the session."""
        return value_at(body, self.token) if self.token else ""

    def lifetime_in(self, body: bytes) -> int | None:
        """Seconds for which that answer says that the session lasts; None when it does not say."""
        return _seconds_at(body, self.expires_in)

    def idle_time_out_in(self, body: bytes) -> int | None:
        """Likewise the seconds without a request after which it ends."""
        return _seconds_at(body, self.idle_expires_in)


def _seconds_at(body: bytes, pointer: str) -> int | None:
    found = value_at(body, pointer) if pointer else ""
    return int(float(found)) if found.replace(".", "", 1).isdigit() else None


def basic_credentials(username: str, password: str) -> str:
    """What somebody shows in the ``Authorization`` header where the log-in is of the kind ``basic`` (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _without(request: Request, field: str) -> Request:
    table = request.json
    kept = {name: value for name, value in table.items() if name != field} if isinstance(table, dict) else table
    return replace(request, json=kept, form={name: text for name, text in request.form.items() if name != field})
