"""Recovery drills, as they were recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Drill:
    """A recorded recovery drill, in seconds of the harness's monotonic clock.

    ``rto_s`` and ``read_rto_s`` are None when service did not come back stably inside the drill's window.
    ``longest_gap_s`` is the longest time between two acknowledgements of writes that were kept. ``ack_age_s`` is the
    age of the last acknowledgement when the fault was injected. ``lost`` and the other sets hold idempotency keys.
    ``lost_span_s``: from the oldest lost acknowledgement to the fault, or to the newest where that came after it.
    ``replicas``: how many there were before the fault. ``redundancy_s``: from the heal until every one of them is back,
    None when one was not in time. ``primary_samples`` counts how often the nodes said whether they take writes,
    ``unanswered`` how often they were asked and said nothing; ``unseen`` names the nodes that said nothing at all since
    the fault took effect.
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


@runtime_checkable
class Drills(Protocol):
    """The recovery drills of this run."""

    def drill(self, scenario: str) -> Drill:
        """The record of a scenario, run once per session when first asked for."""
        ...
