"""A tenant's own database, or schema, lets no other tenant in (45 CFR 164.312(a)(1); 164.502(b) minimum necessary).

Where tenants share no table, what keeps them apart is who may connect to a database (CONNECT), or look into a schema
(USAGE). PostgreSQL lets everybody (PUBLIC) connect to a new database until somebody revokes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from checks.lab import DatabaseFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Severity, check
from checks.targets import Database

_RIGHTS = {"database": ("CONNECT", "pg_database", "datname"), "schema": ("USAGE", "pg_namespace", "nspname")}


def _own_schemas(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(stores="schema"))


def _role_of_two_databases(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(stores="database", sql="GRANT CONNECT ON DATABASE st_jude TO clinical_app"))


def _another_role_of_two_databases(lab: Lab) -> Database:
    sql = "CREATE ROLE other LOGIN; GRANT CONNECT ON DATABASE riverside, st_jude TO other"
    return lab.build(DatabaseFlaws(stores="database", sql=sql))


def _database_open_to_everybody(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(stores="database", sql="GRANT CONNECT ON DATABASE st_jude TO PUBLIC"))


def _schema_open_to_everybody(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(stores="schema", sql="GRANT USAGE ON SCHEMA st_jude TO PUBLIC"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.502(b)"),
    violations=(
        _role_of_two_databases,
        _another_role_of_two_databases,
        _database_open_to_everybody,
        _schema_open_to_everybody,
    ),
    clean=_own_schemas,
)
def tenant_stores_kept_apart(database: Database) -> Iterator[Finding]:
    """Whether everybody may enter each tenant's store, and how many of them each role may that logs in.

    Superusers that are not the application, members of pg_monitor and who looks here serve all tenants.
    """
    kind, stores = _stores(database)
    right, catalogue, column = _RIGHTS[kind]
    role = database.application_role
    entered: dict[str, list[str]] = {role: []}
    for store in stores:
        rows = database.query(
            f"SELECT has_{kind}_privilege('public', {column}, '{right}') AS everybody,"  # noqa: S608  two words of ours
            f" ARRAY(SELECT rolname::text FROM pg_roles WHERE has_{kind}_privilege(oid, {column}, '{right}')"
            "  AND (rolname = %s OR rolcanlogin AND NOT rolsuper AND rolname <> session_user"
            "  AND NOT pg_has_role(oid, 'pg_monitor', 'MEMBER')) ORDER BY 1) AS roles"
            f" FROM {catalogue} WHERE {column} = %s",
            (role, store),
        )
        if not rows:
            msg = f"the declared {kind} {store} does not exist"
            raise CannotLookError(msg)
        for name in cast("list[str]", rows[0]["roles"]):
            entered.setdefault(name, []).append(store)
        everybody = bool(rows[0]["everybody"])
        yield Finding(
            subject=f"{kind} {store}",
            ok=not everybody,
            message=f"everybody has {right}" if everybody else f"{right} is granted to nobody in general",
            remedy=f"REVOKE {right} ON {kind.upper()} {store} FROM PUBLIC, once its own role has it by name",
        )
    if not entered[role]:
        msg = f"{role} may enter none of {', '.join(stores)}: that it is kept out of others says nothing"
        raise CannotLookError(msg)
    for name, its in entered.items():
        yield Finding(
            subject=f"role {name}",
            ok=len(its) == 1,
            message=f"may enter {', '.join(its)}",
            remedy=f"a role for each tenant: {name} keeps {right} on its own {kind} and loses it on the others",
        )


def _stores(database: Database) -> tuple[str, tuple[str, ...]]:
    tenancy = database.application.tenancy
    stores: tuple[str, ...] = ()
    if tenancy is not None and tenancy.kind in _RIGHTS:
        stores = tenancy.databases if tenancy.kind == "database" else tenancy.schemas
    if tenancy is None or not stores:
        msg = (
            'the application file names no stores of tenants: [tenancy] kind = "database" and databases, or "schema"'
            " and schemas"
        )
        raise NotDeclaredError(msg, "tenancy")
    if len(stores) == 1:
        msg = f"{stores[0]} is the only {tenancy.kind} of a tenant: there is no other one to be kept out"
        raise CannotLookError(msg)
    return tenancy.kind, stores
