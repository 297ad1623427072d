"""What the load's child process is told, and what it says: JSON files between it and the harness."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from checks.targets import Latencies, Load
from loadtests.profiles import ACCOUNT_ROLES, Profile, Role

WARD_SIZE = 50  # patients that a nurse asks for when logging in, and then works with


class SpecError(Exception):
    """The load cannot be sent to this target; the message says what is missing."""


class Identity(BaseModel):
    """A test account of the target, with its secrets."""

    model_config = ConfigDict(frozen=True)

    username: str
    role: str
    password: str
    totp_secret: str


class LoadSpec(BaseModel):
    """One load. The child connects to the host and port of ``base_url`` and to nothing else.

    Args:
        base_url: ``https://address:port``, with the path that goes before every other, if any.
        server_name: name for SNI, certificate and Host header; empty takes the host of ``base_url``.
        ca: PEM file with the trust anchors; empty takes the system's.
        certificate: PEM file with a client certificate, for a server that asks for one; ``key`` holds its key.
        accounts: identities to log in with; none means that the users need no log-in.
        sources: prefix (CIDR) of source addresses, one per user as far as they go; empty leaves it to the system.
        log_ins_per_minute: what the target allows per source address.
        log_ins_at_once: how many log-ins may be under way together; they cost the target a password hash each.
        model: name of the model that chats ask for.
        page: path that visitors read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    target: str
    base_url: str
    server_name: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    accounts: tuple[Identity, ...] = ()
    sources: str = ""
    log_ins_per_minute: float = 5.0
    log_ins_at_once: int = 8
    model: str = "clinical"
    page: str = "/"
    profile: Profile
    seed: int

    def cast(self) -> tuple[tuple[Role, Identity | None], ...]:
        """Who plays which user: role and account, in the order of the users' indices.

        Raises:
            SpecError: there are too few accounts of a role.
        """
        players: list[tuple[Role, Identity | None]] = []
        for role, count in self.profile.headcount().items():
            if not self.accounts or role not in ACCOUNT_ROLES:
                players += [(role, None)] * count
                continue
            fitting = [account for account in self.accounts if account.role == ACCOUNT_ROLES[role]]
            if len(fitting) < count:
                msg = (
                    f"profile {self.profile.name} needs {count} accounts of the role {ACCOUNT_ROLES[role]}; "
                    f"{self.target} declares {len(fitting)}"
                )
                raise SpecError(msg)
            players += [(role, account) for account in fitting[:count]]
        return tuple(players)

    def address(self) -> tuple[str, int]:
        """Host and port to connect to.

        Raises:
            SpecError: ``base_url`` is no http or https URL.
        """
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            msg = f"{self.base_url} is not an http or https URL"
            raise SpecError(msg)
        return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def tls(self) -> bool:
        """Whether ``base_url`` is https."""
        return self.base_url.startswith("https://")

    @property
    def prefix(self) -> str:
        """The path that goes before every other."""
        return urlsplit(self.base_url).path.rstrip("/")

    def source(self, index: int) -> str:
        """Source address of user ``index``; empty when the system chooses."""
        if not self.sources:
            return ""
        network = ipaddress.ip_network(self.sources)
        usable = max(network.num_addresses - 2, 1)
        return str(network[index % usable + 1] if network.num_addresses > 2 else network[0])

    def patience_s(self, index: int) -> float:
        """How long user ``index`` waits before its log-in: its address may send only so many a minute."""
        usable = max(ipaddress.ip_network(self.sources).num_addresses - 2, 1) if self.sources else 1
        return index // usable * 60 / self.log_ins_per_minute

    def log_in_seconds(self) -> float:
        """How long all log-ins may take: the last one's wait, the second factor's next step twice, the hashing."""
        return 70 + self.patience_s(self.profile.users - 1) + self.profile.users * 0.5


@dataclass(frozen=True)
class Progress:
    """Where the load stands. Rate in requests/s over the last second, p95 in ms over all so far."""

    phase: str
    users: int
    requests: int
    rate: float
    p95_ms: float
    errors: int
    left_s: float

    def line(self) -> str:
        """One line for a person."""
        if self.phase == "log-in":
            return f"load: {self.users} users logged in"
        return (
            f"load: {self.phase}, {self.users} users, {self.rate:.0f}/s, p95 {self.p95_ms:.0f} ms, "
            f"{self.errors} errors, {self.left_s:.0f} s left"
        )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, all or nothing."""
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    draft.replace(path)


def load_to_json(load: Load) -> str:
    """The record as JSON text."""
    return json.dumps(asdict(load))


def load_from_json(text: str) -> Load:
    """The record that `load_to_json` wrote.

    Raises:
        ValueError: the text is something else.
    """
    try:
        table = json.loads(text)
        kinds = tuple(
            Latencies(kind["kind"], tuple(kind["values_ms"]), tuple(kind["counts"]), kind["errors"])
            for kind in table.pop("kinds")
        )
        return Load(kinds=kinds, **table)
    except (KeyError, TypeError) as problem:
        msg = f"not a load record: {problem}"
        raise ValueError(msg) from problem
