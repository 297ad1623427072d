"""What the load's child process is told, and what it says: JSON files between it and the harness."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from checks.application import Application, LogIn
from checks.application.codes import STEP_S
from checks.targets import Accelerator, GeneratorProcess, Latencies, Load, LoadSchedule, Mark, Objective, Slice, Written
from loadtests.generator.accounts import Assignment, LoadAccount, TooFewAccountsError, shared_out
from loadtests.schedules.profiles import Profile
from loadtests.users.log_in import why_unplayable

BEFOREHAND = ("leader", "workers", "log-in")  # phases of a load in which nothing of it has been sent yet


class SpecError(Exception):
    """The load cannot be sent to this target; the message says what is missing."""


class Destination(BaseModel):
    """Whom a load is sent to, and as whom. Nothing connects to another host and port than those of ``base_url``.

    Args:
        base_url: ``https://address:port``, with the path that goes before every other, if any.
        server_name: name for SNI, certificate and Host header; empty takes the host of ``base_url``.
        ca: PEM file with the trust anchors; empty takes the system's.
        certificate: PEM file with a client certificate, which all users show; ``key`` holds its key.
        node_certificate: likewise, which only the federation's nodes show; ``node_key`` holds its key.
        application: what the users of an application do; None of a bare server.
        accounts: identities to log in with; none means that the users need no log-in.
        users_per_account: how many users may be the same account.
        authority_url: where one logs in, if not there, as ``base_url``; ``authority_name`` is what it is called.
        sources: prefix (CIDR) of source addresses, one per user as far as they go; empty leaves it to the system.
        exempt_sources: likewise, for profiles outside the target's rate limits.
        log_ins_per_minute: what the target allows per source address.
        log_ins_at_once: how many log-ins may be under way together; they cost the target a password hash each.
        dialect: how chats are asked for, below ``chat_prefix``; ``streamed`` whether token by token.
        model: name of the model that chats ask for, unless the application yields it.
        page: path that visitors read.
        api_key: what all users show as a bearer token, where they need not log in.
        secret: what leader and workers know each other by, beside the accounts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    target: str
    base_url: str
    server_name: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    node_certificate: str = ""
    node_key: str = ""
    application: Application | None = None
    accounts: tuple[LoadAccount, ...] = ()
    users_per_account: Annotated[int, Field(ge=1)] = 1
    authority_url: str = ""
    authority_name: str = ""
    sources: str = ""
    exempt_sources: str = ""
    log_ins_per_minute: float = 5.0
    log_ins_at_once: int = 8
    dialect: Literal["openai", "ollama"] = "openai"
    chat_prefix: str = ""
    streamed: bool = True
    model: str = "clinical"
    page: str = "/"
    api_key: str = Field(default="", repr=False)
    secret: str = Field(default="", repr=False)

    def how_to_log_in(self) -> LogIn:
        """How the accounts log in.

        Raises:
            SpecError: it is not described, or not in a way that a load's users know.
        """
        log_in = self.application.log_in if self.application else None
        problem = f'{self.target} does not say how its accounts log in: add application = "FILE", whose [log_in] does'
        if log_in is None or (problem := why_unplayable(log_in)):
            raise SpecError(problem)
        return log_in

    def facing(self, profile: Profile) -> Destination:
        """The same, from the source addresses that a profile wants."""
        return self.model_copy(update={"sources": self.exempt_sources}) if profile.network == "exempt" else self

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
    def place(self) -> str:
        """Where it goes, for a person: address and port, and the name if there is one."""
        authority = urlsplit(self.base_url).netloc
        return f"{self.server_name} at {authority}" if self.server_name else authority

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

    def seal(self, text: str) -> str:
        """HMAC-SHA256 (hex) of a message under what only those who have this target's file know."""
        shared = {"target", "base_url", "server_name", "dialect", "model", "page", "accounts", "api_key", "secret"}
        shared |= {"application", "users_per_account"}
        known = self.model_dump_json(include=shared)
        return hmac.new(hashlib.sha256(known.encode()).digest(), text.encode(), hashlib.sha256).hexdigest()


class LoadSpec(Destination):
    """One load: a destination, what is sent to it, and by how many processes.

    Args:
        objectives: by the head of a kind of request, what a good one keeps.
        left_out: what the profile asks for besides, see `checks.targets.Load`.
        processes: how many processes of this machine send it.
        listen: ``host:port`` where workers of other machines report; with it, ``processes`` is how many are awaited.
        patience: seconds to wait for all processes to come.
    """

    profile: Profile
    seed: int
    objectives: dict[str, Objective] = {}
    left_out: tuple[str, ...] = ()
    processes: Annotated[int, Field(ge=1, le=256)] = 1
    listen: str = ""
    patience: float = 60.0

    def assignments(self) -> tuple[Assignment, ...]:
        """Each user's role and account, in the order of the users' indices.

        Raises:
            SpecError: there are too few accounts of a role, or they cannot log in.
        """
        if self.accounts:
            self.how_to_log_in()
        try:
            return shared_out(
                self.profile, self.accounts, self.application, target=self.target, per_account=self.users_per_account
            )
        except TooFewAccountsError as problem:
            raise SpecError(str(problem)) from problem

    def patience_for_workers(self) -> float:
        """How long processes are waited for, in s."""
        return self.patience if self.listen or self.processes > 1 else 0.0

    def log_in_seconds(self) -> float:
        """How long all log-ins may take: the last one's wait, the second factor's next step twice, the hashing."""
        users = self.profile.users
        waiting = users if self.users_per_account == 1 else min(users, len(self.accounts))
        shared = STEP_S * self.processes if self.users_per_account > 1 else 0
        return 70 + self.patience_s(waiting - 1) + users * 0.5 + shared


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
        if self.phase == "leader":
            return f"load: waiting for the leader, {self.left_s:.0f} s left"
        if self.phase == "workers":
            return f"load: {self.users} workers have come, {self.left_s:.0f} s left"
        if self.phase == "log-in":
            return f"load: {self.users} users logged in"
        return (
            f"load: {self.phase}, {self.users} users, {self.rate:.0f}/s, p95 {self.p95_ms:.0f} ms, "
            f"{self.errors} errors, {self.left_s:.0f} s left"
        )


@dataclass(frozen=True)
class Share:
    """What one worker sent of a load; ``problem`` says why it did not play its part to the end, empty when it did."""

    users: int
    requests: int
    failed: int
    problem: str


def share_from_json(text: str) -> Share:
    """What a worker wrote."""
    return Share(**json.loads(text))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, all or nothing."""
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    draft.replace(path)


def empty_record(spec: LoadSpec, problem: str) -> Load:
    """The record of a load of which nothing was recorded, and why."""
    profile = spec.profile
    return Load(
        profile=profile.name,
        users=profile.users,
        seconds=profile.seconds,
        arrival=profile.arrival,
        seed=spec.seed,
        kinds=(),
        generator_cpu=0.0,
        complete=False,
        problem=problem,
        objectives=spec.objectives,
        left_out=spec.left_out,
    )


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
        kinds = tuple(_latencies(kind) for kind in table.pop("kinds"))
        slices = tuple(
            Slice(each["at_s"], each["users"], each["ended"], tuple(map(_latencies, each["kinds"])))
            for each in table.pop("slices")
        )
        written, accelerators, schedule = table.pop("written"), table.pop("accelerators"), table.pop("schedule", None)
        return Load(
            schedule=schedule and LoadSchedule(**schedule),
            written=written and Written(**written),
            accelerators=tuple(Accelerator(**each) for each in accelerators),
            kinds=kinds,
            slices=slices,
            marks=tuple(Mark(**mark) for mark in table.pop("marks")),
            generators=tuple(GeneratorProcess(**each) for each in table.pop("generators")),
            objectives={head: Objective(**asked) for head, asked in table.pop("objectives").items()},
            left_out=tuple(table.pop("left_out", ())),
            **table,
        )
    except (AttributeError, KeyError, TypeError) as problem:
        msg = f"not a load record: {problem}"
        raise ValueError(msg) from problem


def _latencies(table: dict[str, Any]) -> Latencies:
    values, counts = tuple(table["values_ms"]), tuple(table["counts"])
    return Latencies(table["kind"], values, counts, table["errors"], table["good"])
