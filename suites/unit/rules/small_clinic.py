"""An application in memory that keeps a trail without request ids, for rules whose verdict must not hang on one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from checks.application import Act, Application, LogIn, Request, Trail
from checks.targets import Account, AuditTrail, Login, Operation, Reply, TrailEntry

PHYSICIAN = Account("doctor", "physician", "north")
FIELDS = {name: name for name in ("username", "resource", "outcome")}
LIST = Act("list patients", Request("GET", "/patients"), ("physician",), phi=True, yields={"patient": "/0/id"})
READ = Act("read patient", Request("GET", "/patients/{patient}"), ("physician",), phi=True, record="patient")


@dataclass
class SmallTrail:
    """Implements `checks.targets.AuditTrail` over a list."""

    entries: list[TrailEntry] = field(default_factory=list)
    description: Trail = field(default_factory=lambda: Trail(kind="log", fields=FIELDS))

    def mark(self) -> object:
        """See `checks.targets.AuditTrail.mark`."""
        return len(self.entries)

    def since(self, mark: object, *, at_least: int) -> tuple[TrailEntry, ...]:
        """See `checks.targets.AuditTrail.since`."""
        del at_least
        return tuple(self.entries[mark if isinstance(mark, int) else 0 :])


class SmallClinic:
    """Implements `checks.targets.Api`: patients of the north, whom its physicians read and nobody else.

    Args:
        accounts: who there is.
        forgets: names of acts that leave no entry.
    """

    base_url = "https://clinic.test"

    def __init__(self, accounts: Sequence[Account], forgets: Sequence[str] = ()) -> None:
        roles = {account.role: account.role for account in accounts}
        self.application = Application(name="clinic", log_in=LogIn(kind="basic"), roles=roles, acts=(LIST, READ))
        self.documented: tuple[Operation, ...] = ()
        self._accounts, self._forgets, self._trail = tuple(accounts), tuple(forgets), SmallTrail()

    def accounts(self) -> tuple[Account, ...]:
        """See `checks.targets.Api.accounts`."""
        return self._accounts

    def operations(self) -> tuple[Operation, ...]:
        """See `checks.targets.Api.operations`."""
        return self.documented

    def send(self, request: Request, *, account: Account | None = None) -> Reply:
        """See `checks.targets.Api.send`. Whoever is not of the north is told that nothing is there."""
        if account is None:
            return Reply(401, {}, b"", 0.0)
        act = LIST if request.path == "/patients" else READ
        status = 200 if account.tenant == "north" and account.role == "physician" else 403
        status = 404 if account.tenant != "north" else status
        if act.name not in self._forgets:
            outcome = "granted" if status == 200 else "denied"
            self._trail.entries.append(
                TrailEntry(username=account.username, resource=request.path, outcome=outcome, action=act.name)
            )
        body = json.dumps([{"id": "p1"}]) if status == 200 else ""
        return Reply(status, {}, body.encode(), 0.0)

    def trail(self) -> AuditTrail:
        """See `checks.targets.Api.trail`."""
        return self._trail

    def login(self, account: Account, *, password: str | None = None, code: str | None = None) -> Login:
        """See `checks.targets.Api.login`."""
        raise NotImplementedError

    def after_idling(self, account: Account, seconds: float) -> Reply:
        """See `checks.targets.Api.after_idling`."""
        raise NotImplementedError

    def after_log_out(self, account: Account) -> Reply:
        """See `checks.targets.Api.after_log_out`."""
        raise NotImplementedError

    def with_forged_token(self, account: Account, flaw: str) -> Reply:
        """See `checks.targets.Api.with_forged_token`."""
        raise NotImplementedError

    def new_account(self, role: str, tenant: str) -> Account:
        """See `checks.targets.Api.new_account`."""
        raise NotImplementedError

    def remove_account(self, account: Account) -> None:
        """See `checks.targets.Api.remove_account`."""
        raise NotImplementedError
