"""The database takes no connection without TLS and none without a secret (45 CFR 164.312(e)(1); 164.312(d)).

A server that asks for a password in clear has lost already: only a refusal before any secret is sent counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks.lab import DatabaseFlaws, Lab
from checks.looking import every
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Attempt, Database

_STRANGER = "stranger"
_STRONG = frozenset({"scram-sha-256", "cert", "gss", "reject"})
# What a server says before it lets anybody in: src/backend/libpq/auth.c. That it is full, or has no such database or
# role, it says to whom it trusts, too.
_KEPT_OUT = ("pg_hba.conf", "authentication failed", "client certificate")
_REMEDY = "ssl = on, and only hostssl lines with scram-sha-256 or cert in pg_hba.conf"
# Only members of pg_read_all_settings may read it, and the auditor is one without inheriting.
_OLD_TLS = """
DO $$ BEGIN IF current_setting('ssl_min_protocol_version') NOT IN ('TLSv1.2', 'TLSv1.3') THEN
  RAISE EXCEPTION 'ssl_min_protocol_version = %', current_setting('ssl_min_protocol_version');
END IF; END $$"""


def _anyone_trusted(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(access="host all all 0.0.0.0/0 trust"))


def _passwords_in_clear(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(access="host all all 0.0.0.0/0 scram-sha-256"))


def _tls_switched_off(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(access="host all all 0.0.0.0/0 scram-sha-256", settings={"ssl": "off"}))


def _weak_hashes_over_tls(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(access="hostssl clinical clinical_app 10.0.0.0/8 md5"))


def _old_protocol_taken(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(settings={"ssl_min_protocol_version": "TLSv1"}))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(e)(1)", "hipaa:164.312(e)(2)(ii)", "hipaa:164.312(d)"),
    violations=(_anyone_trusted, _passwords_in_clear, _tls_switched_off, _weak_hashes_over_tls, _old_protocol_taken),
)
def database_refuses_plaintext(database: Database) -> Iterator[Finding]:
    """Connections without TLS and without a password, then the rules by which others would get in."""
    plain = True
    for user in (database.application_role, _STRANGER):
        tried = _reached(database, database.attempt_connection(encrypted=False, user=user))
        refused = not tried.accepted and "pg_hba.conf" in tried.refusal
        plain = plain and refused
        yield Finding(
            subject=f"connection in clear as {user}",
            ok=refused,
            message="refused before authentication" if refused else f"taken up: {tried.refusal or 'accepted'}",
            remedy=_REMEDY,
        )
    if not plain:
        return  # the auditor's password must not go over such a link either
    yield from every(partial(look, database) for look in (_no_password, _rules, _oldest_version))


def _no_password(database: Database) -> Iterator[Finding]:
    role = database.application_role
    tried = _reached(database, database.attempt_connection(encrypted=True, user=role))
    if not tried.accepted and not tried.challenged and not any(word in tried.refusal for word in _KEPT_OUT):
        msg = f"{role} without a password is told what is told to whom a server has let in, too: {tried.refusal}"
        raise CannotLookError(msg)
    yield Finding(
        subject=f"connection as {role} without a password",
        ok=not tried.accepted,
        message=f"not let in: {tried.refusal}" if not tried.accepted else "accepted",
        remedy=_REMEDY,
    )


def _rules(database: Database) -> Iterator[Finding]:
    for row in database.query(
        "SELECT line_number, type, auth_method FROM pg_hba_file_rules WHERE type LIKE 'host%%'", ()
    ):
        encrypted = row["type"] in {"hostssl", "hostgssenc"} or row["auth_method"] == "reject"
        yield Finding(
            subject=f"pg_hba.conf line {row['line_number']}",
            ok=encrypted and row["auth_method"] in _STRONG,
            message=f"{row['type']} with {row['auth_method']}",
            remedy=_REMEDY,
        )


def _oldest_version(database: Database) -> Iterator[Finding]:
    tried = database.attempt(_OLD_TLS, role="pg_read_all_settings")
    yield Finding(
        subject="oldest TLS version",
        ok=tried.accepted,
        message="TLS 1.2 or newer" if tried.accepted else tried.refusal,
        remedy="ssl_min_protocol_version = 'TLSv1.2'",
    )


def _reached(database: Database, tried: Attempt) -> Attempt:
    """The attempt, unless it never got an answer of the server: no answer is no refusal."""
    if not (tried.accepted or tried.challenged) and "FATAL" not in tried.refusal:
        msg = f"{database.address} did not answer: {tried.refusal}"
        raise CannotLookError(msg)
    return tried
