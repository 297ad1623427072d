"""What can be wrong with a system under load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Loads

Overload = Literal["refused", "refused late", "queued", "careless"]


@dataclass(frozen=True)
class LoadFlaws(Flaws[Loads]):
    """Short loads on a small server, recorded with the policy's objectives and as large as its promises need.

    Args:
        slow_share: of the requests that are answered ``slow_s`` later; above every limit unless told.
        late_start_share: of the chats whose first token comes ``late_start_s`` later; above its limit unless told.
        error_share: of the requests that fail.
        broken_share: of the chats that are answered with success and break off: with an ``error`` in the stream, or
            ``unfinished``, as ``broken`` says.
        overload: what the server does in a spike: ``refused`` as soon as its queue is full, ``refused late``,
            ``queued`` without bound, or ``careless``: it loses and doubles what it acknowledged, and keeps what it
            refused.
    """

    slow_share: float = 0.0
    slow_s: float | None = None
    late_start_share: float = 0.0
    late_start_s: float | None = None
    error_share: float = 0.0
    broken_share: float = 0.0
    broken: Literal["error", "unfinished"] = "error"
    overload: Overload = "refused"


@dataclass(frozen=True)
class GpuFlaws(Flaws[Loads]):
    """The clean twin's load, while something else takes more of a GPU's memory, or of its time, than the policy allows.

    Only a GPU that nobody uses is taken; a machine without one cannot build this (`checks.model.CannotLookError`).
    """

    taken: Literal["memory", "time"]
