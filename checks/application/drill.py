"""What a recovery drill writes and reads through the application, and how all of it is read back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from checks.application.request import STRICT, Request

Paging = Literal["none", "offset", "next"]
Pointer = Annotated[str, Field(pattern=r"^(/.*)?$")]
Status = Annotated[int, Field(ge=200, le=599)]


@dataclass(frozen=True, config=STRICT)
class DrillReading:
    """How everything that a drill wrote is read back.

    Args:
        request: with ``{key}`` it is sent once for every write, and its answer is that record; otherwise it answers a
            list. Other placeholders: run, which all keys of the drill begin with; offset, by which pages are asked for;
            and what `DrillActs.prepare` yields.
        text: JSON pointer (RFC 6901) to what was written, in a record.
        items: JSON pointer to the list of records in the answer; empty when the answer is the list.
        paging: how the rest of a list is asked for: ``offset`` by how many records came so far, ``next`` by a link in
            the answer, ``none`` when one answer holds them all. A list that is cut short reads as a loss.
        next: JSON pointer to that link, or to a list of links of which one has the relation ``next`` (FHIR's Bundle).
        absent: statuses that say that there is no such record.
    """

    request: Request
    text: Pointer
    items: Pointer = ""
    paging: Paging = "none"
    next: Pointer = ""
    absent: tuple[Status, ...] = (404, 410)


@dataclass(frozen=True, config=STRICT)
class DrillActs:
    """What a recovery drill does, all of it as one role.

    Args:
        role: the application's own.
        write: sends ``{payload}``, a text of 60 characters or fewer, under ``{key}``, a token of 30 or fewer. Both
            begin with ``{run}``, which is the drill's own.
        read: name of an act: while it is done, readers are served.
        read_back: see `DrillReading`.
        prepare: names of acts that are done before, in order; what they yield may stand in every request. Placeholders:
            mrn, name, birth_date, diagnosis, notes, and run.
        idempotent: whether a write that is sent twice under its key is there once.
        acknowledged: statuses of a write that the application says is kept; ``unwritten`` those which prove that
            nothing was written. After any other nobody knows.
    """

    role: str
    write: Request
    read: str
    read_back: DrillReading
    prepare: tuple[str, ...] = ()
    idempotent: bool = False
    acknowledged: Annotated[tuple[Status, ...], Field(min_length=1)] = (200, 201)
    unwritten: tuple[Status, ...] = ()
