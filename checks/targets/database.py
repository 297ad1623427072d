"""The relational database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from checks.application import Application
from checks.targets.attempt import Attempt


@runtime_checkable
class Database(Protocol):
    """PostgreSQL, seen by an auditor's role that may also act as the application's role.

    Args:
        application_role: the role that the application connects as.
        application: whose database it is: its trail, tenancy and protected columns, as far as they are declared.
    """

    address: str
    application_role: str
    application: Application

    def query(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Mapping[str, object], ...]:
        """Rows of a read-only query as the auditor, on the writable primary."""
        ...

    def attempt(self, sql: str, parameters: Sequence[object] = (), *, role: str) -> Attempt:
        """Run a statement as ``role`` in a transaction that is always rolled back, with short lock and statement
        time-outs. What it says must touch no row: a statement that does would hold up the application.
        """
        ...

    def attempt_connection(self, *, encrypted: bool, user: str) -> Attempt:
        """Try to connect to the primary over the network as the given user, without a password, with or without TLS."""
        ...
