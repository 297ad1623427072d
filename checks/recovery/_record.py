"""Judging every scenario that a run plays, and when the record of a drill is fit to be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from checks.model import CannotLookError, Finding, NotDeclaredError, Reason
from checks.targets import Drill, Drills

_CLOCK_SKEW_S = 0.05
_FEWEST_ACKNOWLEDGED = 20


def judged(drills: Drills, judgement: Callable[[Drill], Iterator[Finding]]) -> Iterator[Finding]:
    """What a rule finds in each scenario; one that could not be judged is named when the others have been.

    Raises:
        CannotLookError: of a scenario there is no record fit to be judged, or the judgement raised it.
    """
    unjudged: dict[str, CannotLookError] = {}
    for scenario in drills.scenarios():
        try:
            yield from judgement(_recorded(drills, scenario))
        except CannotLookError as problem:
            unjudged[scenario] = problem
    if unjudged:
        raise _together(unjudged)


def _together(unjudged: dict[str, CannotLookError]) -> CannotLookError:
    """One error for all: what is not declared is so only where nothing else is amiss, for a policy may let it pass."""
    first, *others = unjudged.values()
    alike: dict[str, list[str]] = {}
    for scenario, problem in unjudged.items():
        alike.setdefault(str(problem), []).append(scenario)
    said = "; ".join(f"{', '.join(scenarios)}: {problem}" for problem, scenarios in alike.items())
    if isinstance(first, NotDeclaredError) and all(
        isinstance(other, NotDeclaredError) and other.part == first.part for other in others
    ):
        return NotDeclaredError(said, first.part)
    serious = next((p for p in unjudged.values() if not isinstance(p, NotDeclaredError)), first)
    return CannotLookError(said, serious.reason)


def _recorded(drills: Drills, scenario: str) -> Drill:
    """The record of a scenario.

    Raises:
        CannotLookError: its ledger was touched, its clocks disagree, or hardly anything was written.
    """
    drill = drills.drill(scenario)
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
