"""Loads, as they were recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from checks.targets.latencies import Latencies, Objective


@dataclass(frozen=True)
class Slice:
    """One slice (``Load.slice_s``) of a load: what was meant to start in it, and ``ended``, how many requests ended in
    it.

    ``at_s`` counts from the opening of the measured window; the last slices, after its end, have only ``ended``.
    ``users`` were at work. Of the times inside requests, ``kinds`` has the first token's, and those of refusals
    (429, 503) as ``KIND:refused``.
    """

    at_s: float
    users: int
    ended: int
    kinds: tuple[Latencies, ...]


@dataclass(frozen=True)
class Mark:
    """Something that happened during a load, e.g. a fault or the end of a spike, in s from the window's opening."""

    at_s: float
    what: str


@dataclass(frozen=True)
class GeneratorProcess:
    """One process of the load generator: the requests that it sent, and its CPU share (1.0 is one full core)."""

    name: str
    requests: int
    cpu: float


@dataclass(frozen=True)
class Written:
    """What became of the records that a load wrote, read back after it.

    Args:
        acknowledged: writes that were answered with success.
        lost: of those, how many are not there.
        duplicated: writes that are there more than once, acknowledged or not.
        refused_yet_present: writes that were refused as too many (429, 503) and are there nevertheless.
        complete: whether everything could be read back; otherwise the other numbers say nothing.
    """

    acknowledged: int
    lost: int
    duplicated: int
    refused_yet_present: int
    complete: bool


@dataclass(frozen=True)
class Accelerator:
    """A GPU during a load, by NVML: highest share of its memory in use, mean share of the time that it was busy."""

    name: str
    memory: float
    utilisation: float


@dataclass(frozen=True)
class LoadSchedule:
    """What was sent, as it was ordered: two profiles of one name are told apart by it.

    Args:
        text: the whole profile that was played, as canonical JSON.
        rate: requests/s that all users together meant to send, on average over the measured window; 0 of a closed
            loop, whose users follow the server.
    """

    text: str
    rate: float

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Load:
    """A recorded load: who, how long, how fast, and the busiest generator process's CPU share (1.0 is one full core).

    Args:
        objectives: by the head of a kind (``inference`` of ``inference.chat``), what a good request had to keep.
        opened_ns: when the measured window opened, by ``time.monotonic_ns`` of the machine that sent the load.
        slices: the same requests over time, each ``slice_s`` long.
        marks: what happened meanwhile.
        generators: the processes that sent it.
        written: what became of its writes; None when it wrote nothing or did not look.
        accelerators: the GPUs that served it, where they could be watched.
        left_out: kinds that the profile asks for and the description of the application leaves out: actions, and times
            inside them (``inference.chat:first_token``).
        tokens: of its streamed answers, as their servers said; a chunk counts as one where a server did not.
        schedule: what was ordered; None where nobody kept it.
    """

    profile: str
    users: int
    seconds: float
    arrival: str
    seed: int
    kinds: tuple[Latencies, ...]
    generator_cpu: float
    complete: bool
    problem: str
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    opened_ns: int = 0
    slice_s: float = 1.0
    slices: tuple[Slice, ...] = ()
    marks: tuple[Mark, ...] = ()
    generators: tuple[GeneratorProcess, ...] = ()
    written: Written | None = None
    accelerators: tuple[Accelerator, ...] = ()
    left_out: tuple[str, ...] = ()
    tokens: int = 0
    schedule: LoadSchedule | None = None


@runtime_checkable
class Loads(Protocol):
    """The loads of this run."""

    def load(self, profile: str = "") -> Load:
        """The record of a profile, by default the run's own; sent once per session, when first asked for."""
        ...
