"""How the application keeps things: the trail, tenants apart, PHI encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from checks.application.request import STRICT

TrailKind = Literal["table", "log", "http"]
TenancyKind = Literal["column", "schema", "database", "none"]
CipherKind = Literal["envelope", "openpgp", "raw", "volume"]


@dataclass(frozen=True, config=STRICT)
class Chain:
    """A hash chain over the entries of a table.

    Each entry's hash is SHA-256 over the previous one and the listed columns, each as ``LENGTH:BYTES`` in UTF-8, a
    time as its microseconds since 1970.
    ``heads`` is the table that keeps every writer's last sequence number and hash.
    """

    writer: str
    sequence: str
    previous: str
    digest: str
    columns: tuple[str, ...]
    heads: str = ""


@dataclass(frozen=True, config=STRICT)
class Trail:
    """Where the application records who did what.

    Args:
        kind: a ``table`` of the declared database, a ``log`` file of JSON lines, or ``http``: an act that reads it.
        table: its name, with its schema where that is not the first of the search path.
        file: the log, on the harness's machine or on a declared host.
        act: name of the act; ``entries`` is the JSON pointer to the list in its answer.
        fields: what an entry calls these: at, username, action, resource, outcome, address, request_id.
        request_id: the response header that carries the request's id; empty when there is none.
        granted: how the outcome of what was let through begins; ``refused`` likewise of what was not.
        chain: None when the entries are not chained.
    """

    kind: TrailKind
    fields: Mapping[str, str]
    table: str = ""
    file: str = ""
    act: str = ""
    entries: str = ""
    request_id: str = ""
    granted: tuple[str, ...] = ("ok", "granted", "allowed", "success", "200", "201", "204")
    refused: tuple[str, ...] = ("denied", "refused", "forbidden", "failed", "401", "403", "404")
    chain: Chain | None = None


@dataclass(frozen=True, config=STRICT)
class Tenancy:
    """How hospitals are kept apart in the database.

    Args:
        kind: ``column`` names the tenant in every row; ``schema`` and ``database`` keep each tenant's own; or ``none``.
        column: of every table with PHI.
        setting: the custom setting (PostgreSQL GUC) by which the application tells the database whose it acts for.
        others: further settings that it makes, with values that name nobody in particular.
        schemas: one per tenant, likewise ``databases``.
    """

    kind: TenancyKind
    column: str = "tenant"
    setting: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    schemas: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, config=STRICT)
class Ciphertext:
    """How a column is encrypted.

    Args:
        kind: an ``envelope`` of the application's own that begins with ``header``; ``openpgp`` (RFC 9580, as pgcrypto's
            ``pgp_sym_encrypt`` makes it); ``raw`` bytes without a header; ``volume``: below the database, unseen in it.
        header: hex digits.
        frame: bytes before the ciphertext proper, header included; ``shortest`` is the least length of a value.
    """

    kind: CipherKind
    header: Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$")] = ""
    frame: Annotated[int, Field(ge=0)] = 0
    shortest: Annotated[int, Field(ge=16)] = 16


@dataclass(frozen=True, config=STRICT)
class Protected:
    """A column that holds PHI, and how it is encrypted."""

    table: str
    column: str
    cipher: Ciphertext
