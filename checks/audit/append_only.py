"""Nobody can change or delete an entry of the audit trail (45 CFR 164.312(b); NIST SP 800-53 AU-9).

The application may only insert; a trigger stops everybody else who would have the right, its owner included. No
statement here touches a row: a deployment's trail is asked about, not put to the test.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.audit._table import trail_table
from checks.lab import DatabaseFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Database

_DELETE, _UPDATE, _TRUNCATE = 8, 16, 32  # bits of pg_trigger.tgtype: src/include/catalog/pg_trigger.h
_EVENTS = {"UPDATE": _UPDATE, "DELETE": _DELETE, "TRUNCATE": _TRUNCATE}


def _trigger_dropped(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="DROP TRIGGER append_only ON audit_log"))


def _trigger_disabled(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="ALTER TABLE audit_log DISABLE TRIGGER append_only"))


def _trigger_that_allows(lab: Lab) -> Database:
    return lab.build(
        DatabaseFlaws(
            sql="CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'"
        )
    )


def _application_may_delete(lab: Lab) -> Database:
    return lab.build(
        DatabaseFlaws(sql="DROP TRIGGER append_only ON audit_log; GRANT DELETE ON audit_log TO clinical_app")
    )


def _delete_granted_behind_the_trigger(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="GRANT DELETE ON audit_log TO clinical_app"))


def _one_column_may_be_updated(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="GRANT UPDATE (outcome) ON audit_log TO clinical_app"))


@check(
    gate=Gate.COMPLIANCE,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(b)", "hipaa:164.312(c)(1)"),
    violations=(
        _trigger_dropped,
        _trigger_disabled,
        _trigger_that_allows,
        _application_may_delete,
        _delete_granted_behind_the_trigger,
        _one_column_may_be_updated,
    ),
)
def append_only(database: Database) -> Iterator[Finding]:
    """What the application's role may do to the trail, by its grants and tried, and the trigger that stops the rest."""
    trail, role = trail_table(database), database.application_role
    table, column = trail.table, next(iter(trail.fields.values()))
    remedy = f"REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON {table} FROM {role}; it needs INSERT, and SELECT at most"
    (insert,) = database.query("SELECT has_table_privilege(%s::name, %s::text, 'INSERT') AS held", (role, table))
    if not insert["held"]:
        msg = f"{role} may not even append to {table}, so it is not the role that writes the trail"
        raise CannotLookError(msg)
    for statement, what in (
        (f"UPDATE {table} SET {column} = {column} WHERE false", "update"),  # noqa: S608  declared names
        (f"DELETE FROM {table} WHERE false", "delete"),  # noqa: S608  a declared name
    ):
        tried = database.attempt(statement, role=role)
        if not tried.accepted and not tried.forbidden:
            msg = f"whether {role} may {what} {table} cannot be told: {tried.refusal}"
            raise CannotLookError(msg)
        yield Finding(
            subject=f"{what} {table} as {role}",
            ok=not tried.accepted,
            message=f"refused: {tried.refusal}" if not tried.accepted else "accepted (of no row, and rolled back)",
            remedy=remedy,
        )
    rights = database.query(
        "SELECT p AS name FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) p WHERE"
        " has_table_privilege(%s::name, %s::text, p)"
        " UNION SELECT 'UPDATE of a column' WHERE has_any_column_privilege(%s::name, %s::text, 'UPDATE')",
        (role, table, role, table),
    )
    held = ", ".join(str(row["name"]) for row in rights)
    yield Finding(
        subject=f"grants of {role} on {table}",
        ok=not rights,
        message=f"it has {held}" if rights else "none but reading and appending",
        remedy=remedy,
    )
    yield from _triggers(database, table)


def _triggers(database: Database, table: str) -> Iterator[Finding]:
    rows = database.query(
        "SELECT t.tgtype::integer AS events FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE t.tgrelid = to_regclass(%s) AND NOT t.tgisinternal AND t.tgenabled = 'A' AND t.tgqual IS NULL"
        " AND t.tgattr = ''::int2vector AND p.prosrc ~* 'begin\\s+raise\\s+exception'",
        (table,),
    )
    for event, bit in _EVENTS.items():
        stopped = any(int(str(row["events"])) & bit for row in rows)
        yield Finding(
            subject=f"{event} of {table} by its owner",
            ok=stopped,
            message="a trigger that is always enabled raises an exception" if stopped else "no trigger stops it",
            remedy=f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH"
            " STATEMENT EXECUTE FUNCTION refuse_change(), and ENABLE ALWAYS it",
        )
