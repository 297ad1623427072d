"""When the record of a drill is fit to be judged."""

from __future__ import annotations

from checks.model import CannotLookError, Reason
from checks.targets import Drill, Drills

SCENARIO = "primary-host-killed"
_CLOCK_SKEW_S = 0.05
_FEWEST_ACKNOWLEDGED = 20


def recorded(drills: Drills) -> Drill:
    """The drill that kills the primary's host.

    Raises:
        CannotLookError: its ledger was touched, its clocks disagree, or hardly anything was written.
    """
    drill = drills.drill(SCENARIO)
    if not drill.ledger_intact:
        msg = "the drill's ledger is not intact: its hash chain or its order is broken"
        raise CannotLookError(msg)
    if drill.clock_skew_s > _CLOCK_SKEW_S:
        msg = f"UTC and the monotonic clock disagree by {drill.clock_skew_s:.3f} s over the drill"
        raise CannotLookError(msg)
    if drill.acknowledged < _FEWEST_ACKNOWLEDGED:
        msg = f"only {drill.acknowledged} writes were acknowledged in the whole drill"
        raise CannotLookError(msg, Reason.TOO_FEW_SAMPLES)
    return drill
