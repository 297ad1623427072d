"""What an application is, as data: how one logs in, which acts there are and who may do them, where the trail is.

A rule knows no application. It asks this record which acts read PHI, and the target performs them:

    for act in api.application.reads(phi=True):
        reply = api.perform(act, account=physician, values=own)

`fixtures.application` reads it from the application file (TOML); the reference stack has such a file like anybody.
Nothing here does I/O, and nothing holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pydantic.dataclasses import dataclass

from checks.application.acts import Act, Administration, Canary
from checks.application.drill import DrillActs
from checks.application.load import CHAT, READ_BACK, STREAM, WRITE, Action, LoadAct
from checks.application.log_in import LogIn
from checks.application.request import STRICT, Path
from checks.application.services import Aggregates, Health, Inference
from checks.application.storage import Protected, Tenancy, Trail
from checks.model import NotDeclaredError


@dataclass(frozen=True, config=STRICT)
class Application:
    """A clinical application. What is None or empty was not declared.

    Args:
        roles: the application's own role -> the policy's: admin, physician, nurse, researcher, auditor, service.
        nobody: placeholder -> a value that names no record, for requests that must change nothing.
        refusals: statuses by which somebody who is logged in is told that they may not.
        closed: paths that nobody may read without a log-in; ``internal`` those that nobody may read from outside.
        members: what paths begin with that only holders of the declared client certificate reach.
        pages: whose headers are looked at.
        none: part that this deployment does not have -> why, in a sentence for the report.
    """

    name: str
    log_in: LogIn | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()
    nobody: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[int, ...] = (403,)
    pages: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()
    internal: tuple[Path, ...] = ()
    members: tuple[Path, ...] = ()
    health: tuple[Health, ...] = ()
    administration: Administration | None = None
    aggregates: Aggregates | None = None
    inference: Inference | None = None
    trail: Trail | None = None
    tenancy: Tenancy | None = None
    protected: tuple[Protected, ...] = ()
    canary: Canary | None = None
    drill: DrillActs | None = None
    load: tuple[LoadAct, ...] = ()
    none: Mapping[str, str] = field(default_factory=dict)

    def act(self, name: str) -> Act:
        """The act of that name.

        Raises:
            CannotLookError: there is none.
        """
        for act in self.acts:
            if act.name == name:
                return act
        msg = f"the application file has no [[act]] named '{name}'"
        raise NotDeclaredError(msg, "acts")

    def reads(self, *, phi: bool) -> tuple[Act, ...]:
        """Acts that change nothing; with ``phi`` those that show PHI."""
        return tuple(act for act in self.acts if not act.writes and act.phi >= phi)

    def yielding(self, placeholder: str) -> tuple[Act, ...]:
        """Acts whose answers hold a value for a placeholder, those first that need the fewest values themselves."""
        found = [act for act in self.acts if placeholder in act.yields and not act.writes]
        return tuple(sorted(found, key=lambda act: len(act.request.placeholders)))

    def loaded(self) -> Mapping[Action, tuple[str, ...] | None]:
        """The actions that a load can ask for, with the application's own roles that may; None for anybody."""
        found: dict[Action, tuple[str, ...] | None] = {}
        for each in self.load:
            found[each.action] = self.act(each.act).roles if each.act else None
        if self.inference is not None and (self.inference.model or self.yielding("model")):
            found[CHAT] = self.inference.roles
        return found

    def unmeasured(self) -> tuple[str, ...]:
        """What a load cannot tell of these: whether answers come token by token, and what became of writes."""
        untold = [each for each in self.load if each.action == WRITE and each.read_back is None]
        found = [f"{each.action}{READ_BACK}" for each in untold]
        return (*found, *([STREAM] if self.inference is not None and not self.inference.stream else []))
