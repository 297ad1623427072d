"""Load profiles: who asks for what, how often, for how long. Data in ``profiles.toml``, validated here."""

from __future__ import annotations

import math
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from checks.application.load import Action

_FILE = Path(__file__).parent / "profiles.toml"
_TOLERANCE = 1e-6
_HIGHEST_RATE = 1e6  # beyond what all processes of a load can send
_STEEP, _SUDDEN_S = 1.5, 5.0  # so many times as many users, within such a time, are a spike
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Role = Literal["clinician", "nurse", "researcher", "auditor", "node", "visitor"]
USUAL_ACTIONS: dict[Role, dict[Action, float]] = {
    "clinician": {"inference.chat": 1.0},
    "nurse": {"patient.list": 0.25, "patient.read": 0.5, "patient.encounter": 0.25},
    "researcher": {"privacy.budget": 0.95, "privacy.aggregate": 0.05},  # a user may ask for 30 aggregates an hour
    "auditor": {"audit.read": 1.0},
    "node": {"federation.heartbeat": 1.0},
    "visitor": {"page.get": 1.0},
}
ACCOUNT_ROLES: dict[Role, str] = {
    "clinician": "physician",
    "nurse": "nurse",
    "researcher": "researcher",
    "auditor": "auditor",
}
Turn = tuple[Annotated[float, Field(ge=0)], Annotated[int, Field(ge=0, le=100_000)]]


class ProfileError(Exception):
    """A profile is unknown or its numbers are impossible; the message says which and why."""


class Profile(BaseModel):
    """One load profile; the fields are explained in ``profiles.toml``. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    users: Annotated[int, Field(ge=1, le=100_000)]
    arrivals: Literal["poisson", "constant", "closed"] = "poisson"
    shape: tuple[Turn, ...] = ()
    think_s: tuple[Annotated[float, Field(ge=0)], Seconds]
    warm_up_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    seconds: Seconds
    timeout_s: Seconds = 30.0
    output_tokens: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (16, 32)
    network: Literal["load", "exempt"] = "load"
    roles: dict[Role, Weight]
    actions: dict[Role, dict[Action, Weight]] = {}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.think_s[0] > self.think_s[1]:
            msg = f"think_s: the shortest, {self.think_s[0]:g} s, is above the longest, {self.think_s[1]:g} s"
            raise ValueError(msg)
        if self.rate > _HIGHEST_RATE:
            msg = f"think_s: {self.users} users who think so shortly would send {self.rate:g} requests/s"
            raise ValueError(msg)
        if self.output_tokens[0] > self.output_tokens[1]:
            msg = f"output_tokens: the fewest, {self.output_tokens[0]}, are more than the most, {self.output_tokens[1]}"
            raise ValueError(msg)
        if abs(sum(self.roles.values()) - 1) > _TOLERANCE:
            msg = f"roles: the shares add up to {sum(self.roles.values()):g}, not to 1"
            raise ValueError(msg)
        self._possible_shape()
        if strangers := self.actions.keys() - self.roles.keys():
            msg = f"actions: given for {', '.join(sorted(strangers))}, who has no share in roles"
            raise ValueError(msg)
        return self

    def _possible_shape(self) -> None:
        if not self.shape:
            return
        times = [at_s for at_s, _ in self.shape]
        most = max(users for _, users in self.shape)
        wrong = ""
        if len(times) < 2 or times[0] != 0 or any(b <= a for a, b in pairwise(times)):
            wrong = "its times must begin at 0 and go up"
        elif abs(times[-1] - self.seconds) > _TOLERANCE:
            wrong = f"it ends at {times[-1]:g} s, but the measured window is {self.seconds:g} s long"
        elif most != self.users:
            wrong = f"at most {most} users are at work in it, but the profile has {self.users}"
        elif self.arrivals == "closed":
            wrong = "a closed loop has none: its users follow the server, not the clock"
        if wrong:
            msg = f"shape: {wrong}"
            raise ValueError(msg)

    def users_at(self, at_s: float) -> float:
        """How many users are at work ``at_s`` seconds after the measured window opens; the warm-up is as its
        beginning.
        """
        if not self.shape:
            return float(self.users)
        for (begin, first), (end, last) in pairwise(self.shape):
            if at_s < end:
                return first + (last - first) * max(at_s - begin, 0) / (end - begin)
        return float(self.shape[-1][1])

    def spike(self) -> tuple[float, float] | None:
        """When the users suddenly become many and when they have become few again; None when they never do."""
        turns = list(pairwise(self.shape))
        begin = next((a[0] for a, b in turns if b[1] > _STEEP * a[1] > 0 and b[0] - a[0] <= _SUDDEN_S), None)
        if begin is None:
            return None
        ends = (b[0] for a, b in turns if a[0] > begin and a[1] > _STEEP * b[1] and b[0] - a[0] <= _SUDDEN_S)
        end = next(ends, None)
        return None if end is None else (begin, end)

    @property
    def rate(self) -> float:
        """Requests per second that all users together mean to send; of a closed loop, if no answer took any time."""
        return self.users * self.rate_per_user

    @property
    def rate_per_user(self) -> float:
        """Requests per second of one user: one per mean think time."""
        return 2 / sum(self.think_s)

    @property
    def arrival(self) -> str:
        """The arrival process, in words."""
        if self.arrivals == "closed":
            return f"closed loop of {self.users} users"
        name = "Poisson arrivals" if self.arrivals == "poisson" else "constant spacing"
        if not self.shape:
            return f"{name} at {self.rate:.4g}/s"
        path = " -> ".join(f"{users * self.rate_per_user:.4g}" for _, users in self.shape)
        return f"{name} at {path}/s"

    def weights(self, role: Role) -> dict[Action, float]:
        """What a role does, and how often relative to the rest."""
        return self.actions.get(role) or USUAL_ACTIONS[role]

    def headcount(self) -> dict[Role, int]:
        """Users per role, by largest remainder; they add up to ``users``."""
        exact = {role: share * self.users for role, share in self.roles.items()}
        counts = {role: int(value + _TOLERANCE) for role, value in exact.items()}
        by_remainder = sorted(exact, key=lambda role: counts[role] - exact[role])
        for role in by_remainder[: self.users - sum(counts.values())]:
            counts[role] += 1
        return {role: count for role, count in counts.items() if count}

    def changed(
        self, *, users: int | None = None, seconds: float | None = None, arrivals: str | None = None
    ) -> Profile:
        """The same profile with other numbers; its shape is stretched to them.

        Raises:
            ProfileError: they are impossible.
        """
        table, asked = self.model_dump(), {"users": users, "seconds": seconds, "arrivals": arrivals}
        table |= {key: value for key, value in asked.items() if value is not None}
        if self.shape:
            wide, high = table["seconds"] / self.seconds, table["users"] / self.users
            table["shape"] = [(at_s * wide, round(there * high)) for at_s, there in self.shape]
        return make_profile(table)

    def at_rate(self, rate: float) -> Profile:
        """The same users, who together mean to send ``rate`` requests per second: they think more, or less.

        Raises:
            ProfileError: it is impossible.
        """
        if not 0 < rate < math.inf:
            msg = f"profile {self.name}: {rate:g} requests/s cannot be sent"
            raise ProfileError(msg)
        scale = self.rate / rate
        return make_profile(self.model_dump() | {"think_s": tuple(scale * bound for bound in self.think_s)})

    def for_fewer(self, users: int) -> Profile:
        """The same requests by fewer users, who think less; its shape is stretched to them.

        Raises:
            ProfileError: it is impossible.
        """
        return self.changed(users=users).at_rate(self.rate)

    def all_as(self, role: Role) -> Profile:
        """The same number of users at the same rate, all of one role."""
        return make_profile(self.model_dump() | {"roles": {role: 1.0}, "actions": {}})


def make_profile(table: dict[str, object]) -> Profile:
    """A profile from the fields of `Profile`.

    Raises:
        ProfileError: a field is missing, unknown or impossible.
    """
    try:
        return Profile.model_validate(table)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        msg = f"profile {table.get('name', '?')}: {f'{where}: ' if where else ''}{reason}"
        raise ProfileError(msg) from problem


def profile_names(path: Path = _FILE) -> tuple[str, ...]:
    """The profiles of a file, by default those that come with the product."""
    return tuple(_tables(path))


def load_profile(name: str, path: Path = _FILE) -> Profile:
    """A profile by name, or ``FILE.toml`` or ``FILE.toml:NAME`` for one of your own.

    Raises:
        ProfileError: there is none of that name, or it is malformed.
    """
    if name.endswith(".toml"):
        path, name = Path(name), ""
    elif ".toml:" in name:
        file, _, name = name.rpartition(":")
        path = Path(file)
    tables = _tables(path)
    if not name and len(tables) == 1:
        name = next(iter(tables))
    if name not in tables:
        has = ", ".join(tables) or "none"
        wanted = f"no load profile named '{name}'" if name else f"which profile of {path} is meant? Write {path}:NAME"
        msg = f"{wanted}; there are {has}"
        raise ProfileError(msg)
    return make_profile({"name": name, **tables[name]})


def _tables(path: Path) -> dict[str, dict[str, object]]:
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as problem:
        msg = f"cannot read {path}: {problem.strerror}"
        raise ProfileError(msg) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        msg = f"{path} is not TOML: {problem}"
        raise ProfileError(msg) from problem
    if stray := next((key for key, value in tables.items() if not isinstance(value, dict)), ""):
        msg = f"{path}: {stray} stands outside a profile: begin with a line [NAME]"
        raise ProfileError(msg)
    return tables
