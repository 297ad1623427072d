"""Recovery drills, as they were recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Continuity(StrEnum):
    """What becomes of requests while something is broken.

    ``return``: they are served again before it is healed, within the recovery time objective. ``continue``: likewise,
    and at no time longer without an answer than the promise's bound. ``wait``: they may be refused until it is healed,
    and are served again within the objective after that. ``withhold``: they must be refused until then, for an answer
    would be a wrong one.
    """

    RETURN = "return"
    CONTINUE = "continue"
    WAIT = "wait"
    WITHHOLD = "withhold"

    @property
    def until_healed(self) -> bool:
        """Whether it is served again only after the heal."""
        return self in (Continuity.WAIT, Continuity.WITHHOLD)


@dataclass(frozen=True)
class RecoveryPromise:
    """What is promised of a scenario.

    Args:
        gap_s: longest time without an answer, for what goes on.
        redundancy: whether every replica is back after the heal.
        takeover: whether another database node may begin to take writes.
    """

    writes: Continuity = Continuity.RETURN
    reads: Continuity = Continuity.RETURN
    gap_s: float = 5.0
    redundancy: bool = True
    takeover: bool = True


_RUN = ", run "


def nth_run(scenario: str, number: int) -> str:
    """The name of one run of a scenario that is played more than once, e.g. ``primary-host-killed, run 2``."""
    return f"{scenario}{_RUN}{number}"


def scenario_of(played: str) -> str:
    """The scenario of which something is a run."""
    return played.partition(_RUN)[0]


@dataclass(frozen=True)
class Drill:
    """A recorded recovery drill, in seconds of the harness's monotonic clock.

    ``rto_s`` and ``read_rto_s`` are None when service did not come back stably inside the drill's window;
    ``healed_rto_s`` and ``healed_read_rto_s`` are the same from the beginning of the heal. ``lock_lost_s``,
    ``elected_s`` and ``taken_over_s``: from the fault until the leader lock was lost, somebody held it again, and a
    node began to take writes, None where that was not seen; what is left of ``rto_s`` is the way to that node.
    ``longest_gap_s`` is the longest time between two acknowledgements of writes that were kept, ``longest_read_gap_s``
    that between two answers to reads. ``ack_age_s`` is the age of the last acknowledgement when the fault was injected.
    ``lost`` and the other sets hold idempotency keys.
    ``lost_span_s``: from the oldest lost acknowledgement to the fault, or to the newest where that came after it.
    ``replicas``: how many there were before the fault. ``redundancy_s``: from the heal until every one of them is back,
    None when one was not in time. ``primary_samples`` counts how often the nodes said whether they take writes,
    ``unanswered`` how often they were asked and said nothing; ``unseen`` names the nodes that said nothing at all since
    the fault took effect.
    ``reads_while_broken`` counts the reads that were sent since the fault took effect and before the heal,
    ``answered_while_broken`` those of them that were served. ``took_over`` names the nodes that began to take writes
    since the fault and had not taken any in this drill before.
    ``unhalted_s``: how long it was left broken although writes or reads that go on had been without an answer for
    longer than is promised.
    ``complete_read`` says whether every key could be read back. ``clock_skew_s``: UTC against monotonic.
    """

    scenario: str
    fault: str
    resolution_s: float
    rto_s: float | None
    read_rto_s: float | None
    longest_gap_s: float
    replicas: int
    redundancy_s: float | None
    ack_age_s: float
    acknowledged: int
    lost: tuple[str, ...]
    lost_span_s: float
    corrupt: tuple[str, ...]
    duplicate: tuple[str, ...]
    failed_yet_present: tuple[str, ...]
    complete_read: bool
    two_primaries_seen: bool
    primary_samples: int
    unanswered: int
    unseen: tuple[str, ...]
    clock_skew_s: float
    ledger_intact: bool
    promise: RecoveryPromise = RecoveryPromise()
    healed_rto_s: float | None = None
    healed_read_rto_s: float | None = None
    longest_read_gap_s: float = 0.0
    lock_lost_s: float | None = None
    elected_s: float | None = None
    taken_over_s: float | None = None
    reads_while_broken: int = 0
    answered_while_broken: int = 0
    took_over: tuple[str, ...] = ()
    unhalted_s: float = 0.0


@runtime_checkable
class Drills(Protocol):
    """The recovery drills of this run."""

    def scenarios(self) -> tuple[str, ...]:
        """The names of the scenarios that are played, in order; of one that is played again and again, of each run."""
        ...

    def drill(self, scenario: str) -> Drill:
        """The record of a scenario, played once per session when first asked for.

        Raises:
            CannotLookError: it cannot be played as things stand.
        """
        ...
