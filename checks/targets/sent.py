"""What was sent to a deployment in order to look at it, counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What something that was sent does where it arrives, or what came of it."""

    READ = "read"
    WRITE = "write"  # it may change something when it is let through
    ROLLED_BACK = "rolled back"  # a statement that touches no row, in a transaction that is never committed
    SESSION = "session"  # it begins or ends a session of a test account
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, order=True)
class Sent:
    """So many of a kind, to one address.

    Args:
        target: the part and its address, e.g. ``database 10.0.0.5:5432``.
        unit: in the plural: connections, handshakes, requests, log-ins, statements, commands.
    """

    target: str
    unit: str
    effect: Effect
    count: int
