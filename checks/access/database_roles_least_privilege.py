"""No database role has more rights than it needs (45 CFR 164.312(a)(1); NIST SP 800-53 AC-6).

One superuser, the bootstrap role, whatever its name, and out of reach of the network; nobody else bypasses row-level
security; the application owns nothing and can make no roles. A superuser is not innocent for being named ``postgres``.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import DatabaseFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Database

_BOOTSTRAP_OID = 10  # BOOTSTRAP_SUPERUSERID: https://doxygen.postgresql.org/pg__authid_8h.html
_FAR_REACHING = (
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_execute_server_program",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_signal_backend",
)


def _application_bypassing_row_security(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="ALTER ROLE clinical_app BYPASSRLS"))


def _second_superuser(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="CREATE ROLE helper LOGIN SUPERUSER"))


def _superuser_reachable_over_the_network(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(access="hostssl all all 0.0.0.0/0 scram-sha-256"))


def _application_owning_a_table(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="ALTER TABLE patients OWNER TO clinical_app"))


def _application_acting_as_owner(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="GRANT clinical_owner TO clinical_app"))


def _application_making_roles(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="ALTER ROLE clinical_app CREATEROLE CREATEDB"))


def _application_reading_all_data(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="GRANT pg_read_all_data TO clinical_app"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(1)", "hipaa:164.308(a)(4)(i)", "hipaa:164.502(b)"),
    violations=(
        _application_bypassing_row_security,
        _second_superuser,
        _superuser_reachable_over_the_network,
        _application_owning_a_table,
        _application_acting_as_owner,
        _application_making_roles,
        _application_reading_all_data,
    ),
)
def database_roles_least_privilege(database: Database) -> Iterator[Finding]:
    """Every superuser and its ways in, every role that bypasses row security, and the application's role."""
    yield from _privileged_roles(database)
    yield from _ways_in(database)
    yield from _application(database)


def _privileged_roles(database: Database) -> Iterator[Finding]:
    rows = database.query(
        "SELECT rolname, oid = %s AS bootstrap, rolsuper, rolbypassrls FROM pg_roles WHERE rolsuper OR rolbypassrls"
        " ORDER BY oid",
        (_BOOTSTRAP_OID,),
    )
    for row in rows:
        rights = "superuser" if row["rolsuper"] else "bypasses row-level security"
        yield Finding(
            subject=f"role {row['rolname']}",
            ok=bool(row["bootstrap"]),
            message=f"{rights}{', the bootstrap role' if row['bootstrap'] else ''}",
            remedy=f"ALTER ROLE {row['rolname']} NOSUPERUSER NOBYPASSRLS",
        )


def _ways_in(database: Database) -> Iterator[Finding]:
    rules = database.query(
        "SELECT r.line_number, r.type FROM pg_hba_file_rules r WHERE r.type LIKE 'host%%' AND r.auth_method <> 'reject'"
        " AND EXISTS (SELECT FROM pg_roles u WHERE u.rolsuper AND (u.rolname = ANY (r.user_name)"
        " OR 'all' = ANY (r.user_name) OR EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid"
        " WHERE m.member = u.oid AND '+' || g.rolname = ANY (r.user_name))))"
        " ORDER BY r.line_number",
        (),
    )
    lines = ", ".join(f"{row['line_number']} ({row['type']})" for row in rules)
    yield Finding(
        subject="superuser over the network",
        ok=not rules,
        message=f"pg_hba.conf lets a superuser in by line {lines}" if rules else "no line of pg_hba.conf lets one in",
        remedy="name the roles that may connect in every host line of pg_hba.conf, and leave superusers out",
    )
    for row in database.query("SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin"):
        tried = database.attempt_connection(encrypted=True, user=str(row["rolname"]))
        refused = not tried.accepted and "pg_hba.conf" in tried.refusal
        yield Finding(
            subject=f"connection as {row['rolname']}",
            ok=refused,
            message="refused by pg_hba.conf" if refused else f"the server would take it: {tried.refusal or 'accepted'}",
            remedy="leave superusers out of every host line of pg_hba.conf",
        )


def _application(database: Database) -> Iterator[Finding]:
    role = database.application_role
    rows = database.query(
        "SELECT rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolsuper FROM pg_roles WHERE rolname = %s",
        (role,),
    )
    held = [name.removeprefix("rol") for row in rows for name, has in row.items() if has]
    yield Finding(
        subject=f"attributes of {role}",
        ok=bool(rows) and not held,
        message=f"it has {', '.join(held)}" if held else "none" if rows else "the role does not exist",
        remedy=f"ALTER ROLE {role} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS",
    )
    owned = database.query(
        "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace ="
        " 'public'::regnamespace AND pg_has_role(%s, c.relowner, 'MEMBER') ORDER BY 1",
        (role,),
    )
    yield Finding(
        subject=f"tables of {role}",
        ok=not owned,
        message=f"it owns, or can act as the owner of, {len(owned)}" if owned else "it owns none",
        remedy="let a role without log-in own the tables, and grant the application what it uses",
        evidence=", ".join(str(row["name"]) for row in owned),
    )
    reach = database.query(
        "SELECT r.rolname AS member, g.rolname AS granted FROM pg_roles r, pg_roles g WHERE r.rolcanlogin AND NOT"
        " r.rolsuper AND g.rolname = ANY (%s) AND pg_has_role(r.oid, g.oid, 'MEMBER') ORDER BY 1, 2",
        (list(_FAR_REACHING),),
    )
    yield Finding(
        subject="predefined roles",
        ok=not reach,
        message="; ".join(f"{row['member']} is in {row['granted']}" for row in reach)
        or "nobody is in a far-reaching one",
        remedy="revoke the predefined role and grant single tables instead",
    )
