"""What can be wrong with a system that is drilled."""

from __future__ import annotations

from dataclasses import dataclass, field

from checks.lab.flaws import Flaws
from checks.targets import Drills, RecoveryPromise


@dataclass(frozen=True)
class DrillFlaws(Flaws[Drills]):
    """A drill on a PostgreSQL with one replica, killed under writes.

    Args:
        promise: what is promised of it.
        down_s: how long it stays down before it is started again.
        degrades: calls it by the first name of a drill that the policy lets promise less, where it has one.
        healed: False leaves it dead at the heal, too.
        paused: stops it in place of killing it; it goes on at the heal.
        durable: False acknowledges commits before they are on disk.
        synchronous: False promotes the replica in its place, which lags behind.
        restarted: False leaves it dead.
        fenced: False promotes the replica instead, while the primary still runs.
        forgotten: without fencing, the heal keeps the promoted replica, and what its primary took after the fault is
            gone.
        usurped: kills it, and promotes the replica in its place; at the heal it comes back as a standby.
        rejoins: False loses the replica for good.
        replicated: False has no replica that streams when the drill begins.
        halts: False leaves it broken although it is broken beyond its promise.
        idempotent: False keeps a write twice that is sent twice under its key.
    """

    promise: RecoveryPromise = field(default_factory=RecoveryPromise)
    down_s: float = 0.0
    degrades: bool = False
    healed: bool = True
    paused: bool = False
    durable: bool = True
    synchronous: bool = True
    restarted: bool = True
    fenced: bool = True
    forgotten: bool = False
    usurped: bool = False
    rejoins: bool = True
    replicated: bool = True
    halts: bool = True
    idempotent: bool = True
