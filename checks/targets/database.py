"""The relational database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from checks.targets.attempt import Attempt


@runtime_checkable
class Database(Protocol):
    """The relational database, seen by an auditor's role that may also act as the application's role.

    ``application_role`` is the role that the application connects as; ``phi_columns`` the declared (table, column)
    pairs that must hold ciphertext; ``audit_table`` the audit trail.
    """

    address: str
    application_role: str
    audit_table: str
    phi_columns: tuple[tuple[str, str], ...]

    def query(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Mapping[str, object], ...]:
        """Rows of a read-only query as the auditor, on the writable primary."""
        ...

    def attempt(self, sql: str, parameters: Sequence[object] = (), *, role: str) -> Attempt:
        """Run a statement as ``role`` in a transaction that is always rolled back."""
        ...

    def attempt_connection(self, *, encrypted: bool, user: str, password: str = "") -> Attempt:
        """Try to connect over the network to the primary with the given user, with or without TLS."""
        ...
