"""An application without sessions: every request carries an HMAC of itself, under the key of whoever asks.

No ``[log_in]`` can describe that. The acts, the roles and what is PHI are described in ``application.toml`` as ever.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from checks.acting import whoami
from checks.application import Request
from checks.model import NotDeclaredError
from checks.targets import Account, Api, AuditTrail, Login, Operation, Reply
from fixtures.application.connections import Connections
from fixtures.application.people import person_of
from fixtures.deployment.site import Site, declared


def open_api(site: Site) -> Api:
    """In place of the opener that goes by ``[log_in]``."""
    return SignedApi(site)


class SignedApi:
    """Implements `checks.targets.api.Api`. The password of an account of the target file is its key."""

    def __init__(self, site: Site) -> None:
        section = declared(site.target.api, "api")
        self.base_url, self.application = section.base_url, site.application
        self._connections = Connections(site.endpoint)
        self._people = {entry.username: person_of(entry, "") for entry in section.accounts}

    def accounts(self) -> tuple[Account, ...]:
        """The accounts of the target file."""
        return tuple(person.account for person in self._people.values())

    def operations(self) -> tuple[Operation, ...]:
        """It lists none of itself."""
        return ()

    def send(self, request: Request, *, account: Account | None = None) -> Reply:
        """One request, signed by the account; anonymous ones are not signed."""
        if account is None:
            return self._connections.exchange(request, {})
        return self._signed(request, account, self._people[account.username].password)

    def login(self, account: Account, *, password: str | None = None, code: str | None = None) -> Login:
        """Whether a request that is signed with the key is taken; there is no second factor."""
        del code
        reply = self._signed(whoami(self), account, password or self._people[account.username].password)
        return Login(reply.status, reply.status == 200, None, {})

    def after_log_out(self, account: Account) -> Reply:
        """No sessions."""
        raise _without(account, part="sessions")

    def after_idling(self, account: Account, seconds: float) -> Reply:
        """No sessions."""
        del seconds
        raise _without(account, part="sessions")

    def with_forged_token(self, account: Account, flaw: str) -> Reply:
        """No tokens."""
        del flaw
        raise _without(account, part="sessions")

    def new_account(self, role: str, tenant: str) -> Account:
        """Keys are handed out on paper."""
        raise _without(Account("", role, tenant), part="administration")

    def remove_account(self, account: Account) -> None:
        """Keys are handed out on paper."""
        raise _without(account, part="administration")

    def trail(self) -> AuditTrail:
        """Not read here."""
        raise _without(part="trail")

    def _signed(self, request: Request, account: Account, key: str) -> Reply:
        moment, body = f"{time.time():.0f}", request.encoded[0]
        text = b"\n".join([request.method.encode(), request.path.encode(), moment.encode(), body])
        signature = hmac.new(key.encode(), text, hashlib.sha256).hexdigest()
        said = {"X-User": account.username, "X-Date": moment, "X-Signature": signature}
        return self._connections.exchange(request, said)


def _without(account: Account | None = None, *, part: str) -> NotDeclaredError:
    whose = f" for {account.role}" if account else ""
    return NotDeclaredError(f"clinic.py has no {part}{whose}: requests are signed one by one", part)
