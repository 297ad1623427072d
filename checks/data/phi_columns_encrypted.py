"""Every column that is declared to hold PHI holds ciphertext only (45 CFR 164.312(a)(2)(iv); GDPR article 32(1)(a)).

A key in a vault proves nothing: the rows are looked at, all of them. A header pasted before clear text is not enough.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.application import Ciphertext, Protected
from checks.lab import DatabaseFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, NotDeclaredError, Severity, check
from checks.targets import Database

_HEADER = "\\x01434731"  # of the lab's own envelope
# Half of random bytes are 7-bit characters: 28 of them all being text has a chance of 1 in 270 million.
_TEXT_SHARE = 0.97
# RFC 9580 section 4.2: packets that an encrypted message begins with, session keys by password (3) or by key (1), in
# the new format and in the old one with lengths of one, two or four octets.
_OPENPGP = "c3|8c|8d|8e|c1|84|85|86"
_OPENPGP_SHORTEST = 40
_PATIENT = "(SELECT id FROM patients ORDER BY id LIMIT 1)"


def _one_name_in_clear(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql=f"UPDATE patients SET name = 'Jane Roe'::bytea WHERE id = {_PATIENT}"))  # noqa: S608  constants


def _clear_text_behind_a_header(lab: Lab) -> Database:
    text = f"'{_HEADER}00000001'::bytea || 'type 2 diabetes mellitus without complications'::bytea"
    return lab.build(DatabaseFlaws(sql=f"UPDATE patients SET diagnosis = {text} WHERE id = {_PATIENT}"))  # noqa: S608  constants


def _column_in_clear(lab: Lab) -> Database:
    return lab.build(DatabaseFlaws(sql="UPDATE patients SET birth_date = '1970-01-01'::bytea"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(2)(iv)", "gdpr:25"),
    violations=(_one_name_in_clear, _clear_text_behind_a_header, _column_in_clear),
)
def phi_columns_encrypted(database: Database) -> Iterator[Finding]:
    """Each declared column that holds anything: values without what their cipher begins with, short, or readable."""
    declared = [each for each in database.application.protected if each.cipher.kind != "volume"]
    if not declared:
        msg = "the application file names no [[protected]] column whose ciphertext the database holds"
        raise NotDeclaredError(msg, "protected")
    for protected in declared:
        kind = _type_of(database, protected)
        subject = f"{protected.table}.{protected.column}"
        if kind != "bytea":
            yield Finding(
                subject=subject,
                ok=False,
                message=f"it is of type {kind}, which holds no ciphertext",
                remedy="encrypt it where it is written, and store the bytes (bytea)",
            )
            continue
        (seen,) = database.query(
            f"SELECT count(*) AS held, count(*) FILTER (WHERE {_clear(protected.cipher)}) AS clear"  # noqa: S608  declared
            f" FROM (SELECT {protected.column} AS v FROM {protected.table} WHERE {protected.column} IS NOT NULL) x"
        )
        if seen["held"]:
            yield Finding(
                subject=subject,
                ok=seen["clear"] == 0,
                message=f"{seen['clear']} of {seen['held']} values are not ciphertext",
                remedy=f"find who writes {protected.column} past the encryption, and encrypt these rows",
            )


def _type_of(database: Database, protected: Protected) -> str:
    found = database.query(
        "SELECT format_type(atttypid, NULL) AS kind FROM pg_attribute WHERE attrelid = to_regclass(%s)"
        " AND attname = %s AND NOT attisdropped",
        (protected.table, protected.column),
    )
    if not found:
        msg = f"the declared column {protected.table}.{protected.column} does not exist"
        raise CannotLookError(msg)
    return str(found[0]["kind"])


def _clear(cipher: Ciphertext) -> str:
    """SQL that holds of a value ``v`` that is no ciphertext of this kind."""
    frame, shortest = cipher.frame, cipher.shortest
    faults = []
    if cipher.kind == "envelope" and cipher.header:
        faults.append(f"substring(v FROM 1 FOR {len(cipher.header) // 2}) <> decode('{cipher.header}', 'hex')")
    if cipher.kind == "openpgp":
        faults.append(f"encode(substring(v FROM 1 FOR 1), 'hex') !~ '^({_OPENPGP})$'")
        shortest = max(shortest, _OPENPGP_SHORTEST)
    faults.append(f"octet_length(v) < {shortest}")
    readable = f"regexp_replace(encode(substring(v FROM {frame + 1}), 'escape'), '\\\\[0-7]{{3}}', '', 'g')"
    faults.append(f"length({readable}) > {_TEXT_SHARE} * (octet_length(v) - {frame})")
    return " OR ".join(faults)
