"""How one logs in: which request, where the token stands, how the session ends."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from checks.application.request import STRICT, Request

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
