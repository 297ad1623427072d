"""How the simulated users of a load do what its profile asks for: which act an action is, and what a right answer has.

    [[load]]
    action = "patient.read"     # what the profile calls it
    act = "read patient"        # how it is done here
    echoes = "/id"              # the answer names the record that was asked for

Chats are described by ``[inference]``. What is not described is left out of a load, and the record says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from checks.application.request import STRICT, Request

Action = Literal[
    "inference.chat",
    "patient.list",
    "patient.read",
    "patient.encounter",
    "privacy.budget",
    "privacy.aggregate",
    "audit.read",
    "federation.heartbeat",
    "page.get",
]
ActedAction = Literal[
    "patient.list",
    "patient.read",
    "patient.encounter",
    "privacy.budget",
    "privacy.aggregate",
    "audit.read",
    "federation.heartbeat",
]
CHAT: Action = "inference.chat"
WRITE: Action = "patient.encounter"
STREAM = f"{CHAT}:first_token"
READ_BACK = ":read_back"
# What a load fills into requests, beside ids that acts yield: ``key`` is new for each request, ``notes`` holds it.
OF_A_LOAD = frozenset({"key", "mrn", "name", "birth_date", "diagnosis", "notes", "model"})
PAGES = frozenset({"limit", "offset"})
Pointer = Annotated[str, Field(pattern=r"^(/.*)?$")]


@dataclass(frozen=True, config=STRICT)
class LoadReadBack:
    """Where what was written is found again.

    Args:
        act: who may is said there.
        values: JSON pointer to the texts in which the ``{key}`` of a write stands.
        request: in place of the act's. With ``{limit}`` and ``{offset}`` it is asked page by page, with ``{key}`` once
            for each write.
    """

    act: str
    values: Pointer
    request: Request | None = None


@dataclass(frozen=True, config=STRICT)
class LoadAct:
    """An action of the profiles, as it is done here.

    Args:
        act: who may, and by which statuses it succeeds, is said there; empty for what needs no rights.
        request: in place of the act's, e.g. of a shorter page.
        holds: JSON pointer to what a right answer has.
        echoes: JSON pointer to where a right answer names the record that was asked for.
        ids: the act that yields what ``request`` needs, asked once at log-in; unless given, the first that does.
        read_back: of a write.
    """

    action: ActedAction
    act: str = ""
    request: Request | None = None
    holds: Pointer = ""
    echoes: Pointer = ""
    ids: str = ""
    read_back: LoadReadBack | None = None


def lines_for(left_out: Iterable[str]) -> str:
    """The lines of the application file by which a load would have what was left out of it; empty for nothing."""
    return "; ".join(_line_for(kind) for kind in sorted(set(left_out)))


def _line_for(kind: str) -> str:
    if kind == STREAM:
        return "stream = true under [inference], if the application can"
    if kind == CHAT:
        return '[inference] with flavour = "openai" or "ollama", model = "..." and roles = [...]'
    if kind.endswith(READ_BACK):
        return f'read_back = {{ act = "...", values = "/..." }} to the [[load]] of "{kind.removesuffix(READ_BACK)}"'
    return f'[[load]] with action = "{kind}", act = "..." and holds = "/..."'
