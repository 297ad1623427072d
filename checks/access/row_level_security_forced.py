"""Row-level security binds everybody on every table with PHI (45 CFR 164.312(a)(1); 164.502(b) minimum necessary).

Enabled is not enough: without FORCE the owner sees every row, and one permissive policy more opens what others close.
So the application's role is asked, too: without a tenant it sees nothing, with one its own rows and none of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.application import Tenancy
from checks.lab import DatabaseFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Reason, Severity, check
from checks.targets import Database

_REMEDY = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; ALTER TABLE {0} FORCE ROW LEVEL SECURITY"


def _owner_exempt(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="ALTER TABLE patients NO FORCE ROW LEVEL SECURITY"))


def _encounters_unprotected(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="ALTER TABLE encounters DISABLE ROW LEVEL SECURITY"))


def _permissive_policy_added(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="CREATE POLICY reporting ON patients FOR SELECT TO clinical_app USING (true)"))


def _any_tenant_sees_all(lab: Lab) -> Database:
    return lab.build(
        DatabaseFlaws(
            sql="DROP POLICY tenant ON patients;"
            "CREATE POLICY tenant ON patients TO clinical_app USING (app_tenant() IS NOT NULL)"
        )
    )


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.502(b)"),
    violations=(_owner_exempt, _encounters_unprotected, _permissive_policy_added, _any_tenant_sees_all),
)
def row_level_security_forced(database: Database) -> Iterator[Finding]:
    """Each table with PHI and the audit trail, by the catalogue and by what the application's role can read."""
    tenancy = _tenancy(database)
    holding = sorted({protected.table for protected in database.application.protected})
    if not holding:
        msg = "the application file names no [[protected]] table and column"
        raise NotDeclaredError(msg, "protected")
    trail = database.application.trail
    for table in sorted({*holding, *([trail.table] if trail and trail.table else [])}):
        rows = database.query(
            "SELECT relrowsecurity AS enabled, relforcerowsecurity AS forced FROM pg_class WHERE oid = to_regclass(%s)",
            (table,),
        )
        if not rows:
            msg = f"the declared table {table} does not exist"
            raise CannotLookError(msg)
        enabled, forced = bool(rows[0]["enabled"]), bool(rows[0]["forced"])
        yield Finding(
            subject=f"table {table}",
            ok=enabled and forced,
            message=f"row-level security is {'enabled' if enabled else 'off'} and {'' if forced else 'not '}forced",
            remedy=_REMEDY.format(table),
        )
    looked = False
    for table in holding:
        statement = f"SELECT DISTINCT {tenancy.column}::text AS tenant FROM {table} ORDER BY 1"  # noqa: S608  declared
        tenants = [str(row["tenant"]) for row in database.query(statement)]
        looked = looked or bool(tenants)
        if tenants:
            yield from _visible(database, tenancy, table, tenants)
    if not looked:
        msg = "no table with PHI holds a row: nothing can be hidden"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)


def _tenancy(database: Database) -> Tenancy:
    tenancy = database.application.tenancy
    if tenancy is None or tenancy.kind != "column" or not tenancy.setting:
        msg = 'the application file says not how tenants share tables: [tenancy] kind = "column", column and setting'
        raise NotDeclaredError(msg, "tenancy")
    return tenancy


def _visible(database: Database, tenancy: Tenancy, table: str, tenants: list[str]) -> Iterator[Finding]:
    for tenant in ("", *tenants):
        settings = {tenancy.setting: tenant, **tenancy.others}
        others = f"EXISTS (SELECT FROM {table} WHERE {tenancy.column}::text <> {_literal(tenant)})"
        own = f"NOT EXISTS (SELECT FROM {table} WHERE {tenancy.column}::text = {_literal(tenant)})"
        role = database.application_role
        if tenant and not database.attempt(_raising(settings, own, "own rows are hidden"), role=role).accepted:
            msg = (
                f"as tenant {tenant}, {role} does not see its own rows of {table}: that others are hidden says nothing"
            )
            raise CannotLookError(msg)
        tried = database.attempt(_raising(settings, others, "rows of another tenant are visible"), role=role)
        who = f"as tenant {tenant}" if tenant else "without a tenant"
        yield Finding(
            subject=f"table {table} {who}",
            ok=tried.accepted,
            message="no row of another tenant is visible" if tried.accepted else f"refused or visible: {tried.refusal}",
            remedy=f"drop the permissive policy on {table}: every policy of the application must compare the tenant",
        )


def _raising(settings: Mapping[str, str], condition: str, message: str) -> str:
    """A block that makes settings for this transaction alone, and raises when a condition holds."""
    made = ", ".join(f"set_config({_literal(name)}, {_literal(value)}, true)" for name, value in settings.items())
    return f"DO $$ BEGIN PERFORM {made}; IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; END $$"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
