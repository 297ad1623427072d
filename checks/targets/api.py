"""The clinical application, as its description says: `Api.application` names the acts, `Api.send` performs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from checks.application import Application, Request
from checks.targets.reply import Reply
from checks.targets.trail import AuditTrail


@dataclass(frozen=True)
class Account:
    """A test account. Its secrets stay inside the implementation.

    Args:
        role: the application's own name of it; `Application.roles` says which of the policy's it is.
        tenant: the hospital; empty where there is only one.
    """

    username: str
    role: str
    tenant: str


@dataclass(frozen=True)
class Login:
    """Outcome of a log-in: status, whether a session came of it, its lifetime, and the token's claims by name.

    Args:
        expires_in_s: how long the session lasts, as the answer states; None when it does not.
        claims: empty where the token is no JSON Web Token.
        idle_s: after how long without a request it ends, as the answer states; None when it does not.
    """

    status: int
    granted: bool
    expires_in_s: int | None
    claims: Mapping[str, object]
    idle_s: int | None = None

    @property
    def token_lifetime_s(self) -> int | None:
        """The lifetime that the token itself states (RFC 7519: exp - iat); None when it states none."""
        issued, ends = self.claims.get("iat"), self.claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(ends, int | float):
            return None
        return int(ends) - int(issued)


@dataclass(frozen=True)
class Operation:
    """Something that the application says itself that it does: method, and path with placeholders in braces."""

    method: str
    path: str

    def __str__(self) -> str:
        """As a request is written."""
        return f"{self.method} {self.path}"


@runtime_checkable
class Api(Protocol):
    """The clinical application.

    A method for which the description lacks a line raises `CannotLookError` with reason NOT_DECLARED, and names it.
    """

    base_url: str
    application: Application

    def accounts(self) -> tuple[Account, ...]:
        """The declared test accounts."""
        ...

    def operations(self) -> tuple[Operation, ...]:
        """What its OpenAPI document lists; nothing where the description names no such document."""
        ...

    def send(self, request: Request, *, account: Account | None = None) -> Reply:
        """One request without placeholders, anonymous or as an account; logs in once and reuses the session.

        Answers 429 of the edge are waited out, within a deadline.
        """
        ...

    def login(self, account: Account, *, password: str | None = None, code: str | None = None) -> Login:
        """Log in afresh; ``password`` or ``code`` replace the right ones, ``code=""`` leaves the second factor out."""
        ...

    def after_log_out(self, account: Account) -> Reply:
        """Log in afresh, log out, then ask who one is with the session that ended."""
        ...

    def after_idling(self, account: Account, seconds: float) -> Reply:
        """Log in afresh, send nothing in that session for so many seconds, then ask who one is with it."""
        ...

    def with_forged_token(self, account: Account, flaw: str) -> Reply:
        """Ask who one is with a token that has one flaw: ``alg-none``, ``wrong-key``, ``wrong-audience``, ``expired``.

        Raises:
            CannotLookError: also where tokens are not signed, so that there is nothing to forge.
        """
        ...

    def new_account(self, role: str, tenant: str) -> Account:
        """A disposable account with one of the application's own roles, made as its administration takes it."""
        ...

    def remove_account(self, account: Account) -> None:
        """Remove a disposable account."""
        ...

    def trail(self) -> AuditTrail:
        """The trail in which this application records who did what."""
        ...
