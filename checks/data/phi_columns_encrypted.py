"""Every column that is declared to hold PHI holds ciphertext only (45 CFR 164.312(a)(2)(iv); GDPR article 32(1)(a)).

A key in a vault proves nothing: the rows are looked at, all of them. A header pasted before clear text is not enough.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import DatabaseFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Severity, check
from checks.targets import Database

_HEADER = "\\x01434731"  # version 1 and "CG1"; then 4 bytes of key id, 12 of nonce, ciphertext and 16 of tag
_FRAME = 4 + 4
_BODY = _FRAME + 1
_SHORTEST = _FRAME + 12 + 16
# Half of random bytes are 7-bit characters: 28 of them all being text has a chance of 1 in 270 million.
_TEXT_SHARE = 0.97
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
    """Each declared column that holds anything: values without the envelope, too short, or readable text."""
    for table, column in database.phi_columns:
        kind = database.query(
            "SELECT format_type(atttypid, NULL) AS kind FROM pg_attribute WHERE attrelid = to_regclass(%s)"
            " AND attname = %s AND NOT attisdropped",
            (table, column),
        )
        if not kind:
            msg = f"the declared column {table}.{column} does not exist"
            raise CannotLookError(msg)
        if kind[0]["kind"] != "bytea":
            yield Finding(
                subject=f"{table}.{column}",
                ok=False,
                message=f"it is of type {kind[0]['kind']}: no envelope fits it",
                remedy="make it bytea and encrypt it in the application",
            )
            continue
        (seen,) = database.query(
            f"SELECT count(*) AS held, count(*) FILTER (WHERE substring(v FROM 1 FOR 4) <> '{_HEADER}'::bytea"  # noqa: S608  declared names
            f" OR octet_length(v) < {_SHORTEST} OR length(regexp_replace(encode(substring(v FROM {_BODY}), 'escape'),"
            f" '\\\\[0-7]{{3}}', '', 'g')) > {_TEXT_SHARE} * (octet_length(v) - {_FRAME})) AS clear"
            f" FROM (SELECT {column} AS v FROM {table} WHERE {column} IS NOT NULL) x"
        )
        if seen["held"]:
            yield Finding(
                subject=f"{table}.{column}",
                ok=seen["clear"] == 0,
                message=f"{seen['clear']} of {seen['held']} values are not ciphertext",
                remedy=f"find who writes {column} past the envelope encryption, and encrypt these rows",
            )
