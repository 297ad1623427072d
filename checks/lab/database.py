"""What can be wrong with a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Database


@dataclass(frozen=True)
class DatabaseFlaws(Flaws[Database]):
    """A single PostgreSQL with the reference schema, roles and some patients.

    Args:
        sql: run as superuser after the schema.
        access: lines put at the head of pg_hba.conf.
        settings: postgresql.conf settings in place of the reference ones.
        stores: tenants ``riverside`` and ``st_jude`` with a schema or a database each, where the reference's share
            tables; the application's role may enter the first.
    """

    sql: str = ""
    access: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    stores: Literal["", "schema", "database"] = ""
