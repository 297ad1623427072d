"""The database logs who changes data, schema and roles, and never the values (45 CFR 164.312(b); NIST 800-53 AU-12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.lab import DatabaseFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Database

_CLASSES = frozenset({"write", "ddl", "role"})  # https://github.com/pgaudit/pgaudit: session audit logging
_OFF = frozenset({"off", "false", "0", "no"})
# https://www.postgresql.org/docs/15/runtime-config-logging.html
_TELLING = frozenset({"mod", "all"})
_SLOW = ("log_min_duration_statement", "log_min_duration_sample")


def _extension_not_loaded(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"shared_preload_libraries": ""}))


def _nothing_logged(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"pgaudit.log": "none"}))


def _writes_not_logged(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"pgaudit.log": "all, -write"}))


def _parameters_logged(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"pgaudit.log_parameter": "on"}))


def _every_statement_logged_with_its_values(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"log_statement": "all"}))


def _slow_statements_logged_with_their_values(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"log_min_duration_statement": "100"}))


def _application_exempt(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="ALTER ROLE clinical_app SET pgaudit.log = 'none'"))


def _logins_not_logged(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"log_connections": "off"}))


@check(
    gate=Gate.COMPLIANCE,
    severity=Severity.HIGH,
    controls=("hipaa:164.312(b)", "hipaa:164.308(a)(1)(ii)(D)", "hipaa:164.308(a)(5)(ii)(C)"),
    violations=(
        _extension_not_loaded,
        _nothing_logged,
        _writes_not_logged,
        _parameters_logged,
        _every_statement_logged_with_its_values,
        _slow_statements_logged_with_their_values,
        _application_exempt,
        _logins_not_logged,
    ),
)
def database_logging_on(database: Database) -> Iterator[Finding]:
    """The settings of pgaudit as the server has them, exceptions made for single roles, and the log of connections."""
    rows = database.query(
        "SELECT name, setting FROM pg_settings WHERE name LIKE %s OR name LIKE 'log_%%'", ("pgaudit.%",)
    )
    settings = {str(row["name"]): str(row["setting"]) for row in rows}
    # A module that is not loaded leaves its settings out of pg_settings, whatever the configuration file says.
    logged = _logged(settings.get("pgaudit.log", ""))
    missing = sorted(_CLASSES - logged)
    loaded = "pgaudit.log" in settings
    if loaded:
        seen = f"not logged: {', '.join(missing)}" if missing else f"pgaudit.log = {settings['pgaudit.log']}"
    yield Finding(
        subject="statements logged by pgaudit",
        ok=loaded and not missing,
        message=seen if loaded else "pgaudit is not loaded",
        remedy="shared_preload_libraries = 'pgaudit' and pgaudit.log = 'write, ddl, role'",
    )
    yield Finding(
        subject="parameters in the log",
        ok=settings.get("pgaudit.log_parameter", "off") in _OFF,
        message=f"pgaudit.log_parameter = {settings.get('pgaudit.log_parameter', 'unset')}",
        remedy="pgaudit.log_parameter = off: values would put PHI into the log",
    )
    yield _of_the_server(settings)
    exempt = database.query(
        "SELECT coalesce(r.rolname, 'every role') AS who, c AS what FROM pg_db_role_setting s"
        " LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c WHERE c LIKE %s OR c LIKE 'log\\_%%'",
        ("pgaudit.%",),
    )
    yield Finding(
        subject="exceptions for single roles",
        ok=not exempt,
        message="; ".join(f"{row['who']}: {row['what']}" for row in exempt) or "none",
        remedy="ALTER ROLE ... RESET the setting: what is logged must not depend on who acts",
    )
    yield Finding(
        subject="log of connections",
        ok=settings.get("log_connections") == "on",
        message=f"log_connections = {settings.get('log_connections', 'unset')}",
        remedy="log_connections = on",
    )


def _of_the_server(settings: Mapping[str, str]) -> Finding:
    """PostgreSQL's own log: the text of a statement holds values, and so do its parameters, unless they are left
    out.
    """
    parameters = settings.get("log_parameter_max_length", "-1") != "0"
    telling = [f"log_statement = {settings['log_statement']}"] if settings.get("log_statement") in _TELLING else []
    if parameters:
        telling += [f"{name} = {settings[name]}" for name in _SLOW if settings.get(name, "-1") != "-1"]
    return Finding(
        subject="values in the server's own log",
        ok=not telling,
        message=", ".join(telling) or "it holds no statement that writes",
        remedy="log_statement = none or ddl, since pgaudit says who writes; and log_parameter_max_length = 0",
    )


def _logged(setting: str) -> set[str]:
    """The classes that a value of pgaudit.log turns on, of those that matter here."""
    found: set[str] = set()
    for part in (part.strip().lower() for part in setting.split(",")):
        names = _CLASSES if part.lstrip("-") == "all" else {part.lstrip("-")}
        found = found - names if part.startswith("-") else found | names
    return found
