"""The trail where it is a table of the database."""

from __future__ import annotations

from checks.application import Trail
from checks.model import NotDeclaredError
from checks.targets import Database


def trail_table(database: Database) -> Trail:
    """The description of a trail that is kept in a table.

    Raises:
        CannotLookError: none is declared, or it is kept elsewhere.
    """
    trail = database.application.trail
    if trail is None or not trail.table:
        msg = 'the application file names no table of its trail, e.g. [trail] table = "audit_log"'
        raise NotDeclaredError(msg, "trail_table")
    return trail
