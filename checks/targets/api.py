"""The clinical application behind the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from checks.targets.reply import Reply


@dataclass(frozen=True)
class Account:
    """A test account. Its secrets stay inside the implementation."""

    username: str
    role: str
    tenant: str


@dataclass(frozen=True)
class Login:
    """Outcome of a log-in: status, whether a token came back, and that token's lifetime and claims by name."""

    status: int
    granted: bool
    expires_in_s: int | None
    claims: Mapping[str, object]


@runtime_checkable
class Api(Protocol):
    """The clinical application behind the edge."""

    base_url: str

    def accounts(self) -> tuple[Account, ...]:
        """The declared test accounts: at least one per role, and physicians in two tenants."""
        ...

    def call(
        self,
        method: str,
        path: str,
        *,
        account: Account | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request, anonymous or as an account; logs the account in once and reuses its token.

        Answers 429 of the edge are waited out, within a deadline.
        """
        ...

    def login(self, account: Account, *, password: str | None = None, totp: str | None = None) -> Login:
        """Log in afresh; ``password`` or ``totp`` replace the right ones, ``totp=""`` leaves the factor out."""
        ...

    def call_after_logout(self, account: Account, path: str) -> Reply:
        """Log in afresh, log out, then GET ``path`` with the revoked token."""
        ...

    def call_with_forged_token(self, account: Account, path: str, flaw: str) -> Reply:
        """GET with a token that has one flaw: ``alg-none``, ``wrong-key``, ``wrong-audience`` or ``expired``."""
        ...

    def new_account(self, role: str, tenant: str) -> Account:
        """A disposable account, made through the administration API."""
        ...
