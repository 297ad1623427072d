"""The highest rate that a deployment holds: which rate to try next, and what the answers say together. No I/O.

From the first rate up by doubling until one is refuted, then bisection (geometric, since the precision is relative),
then the rate that held once more with a fresh load, which had no part in choosing it. A step that decides nothing is
repeated twice as long; one that decides nothing even at its longest, or cannot be judged, bounds the rate from above
but does not refute it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from checks.model import Reason, Result, Status
from checks.targets import Load
from loadtests.capacity.saturation import Resource, Saturation, first_full
from loadtests.schedules.profiles import Profile

_MOST_STEPS = 40


class RateVerdict(StrEnum):
    """What one load says of the rate that it was sent at. ``unknown``: it cannot say, however long it lasts."""

    HOLDS = "holds"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judgement:
    """A verdict, and why."""

    verdict: RateVerdict
    why: str = ""


JudgeLoad = Callable[[Load], Judgement]


class Ending(StrEnum):
    """Why a search is over."""

    FOUND = "the rate is found to the precision asked for"
    HIGHEST = "it holds the highest rate that was to be tried"
    LOWEST = "it does not even hold the lowest rate that was to be tried"
    UNKNOWN = "the loads could not be judged"
    TIME = "the time is over"


@dataclass(frozen=True)
class SearchTerms:
    """How to search. Rates in requests/s.

    Args:
        precision: how far the refuted rate may be above the one that held, relative to that.
        requests: a step is long enough for so many, within the shortest and the longest.
        budget_s: no step is begun that would not end within this time.
        confidence: that of one verdict; for the report.
    """

    first: float = 40.0
    lowest: float = 0.5
    highest: float = 5000.0
    precision: float = 0.1
    requests: int = 900
    shortest_s: float = 8.0
    longest_s: float = 120.0
    budget_s: float = 900.0
    confidence: float = 0.99


@dataclass(frozen=True)
class CapacityTrial:
    """A load to be sent."""

    rate: float
    seconds: float


@dataclass(frozen=True)
class CapacityStep:
    """A load that was sent, what it says, how long all of it took, and what was seen meanwhile."""

    trial: CapacityTrial
    judgement: Judgement
    took_s: float
    load: Load | None = None
    seen: tuple[Resource, ...] = ()

    @property
    def verdict(self) -> RateVerdict:
        """See `Judgement`."""
        return self.judgement.verdict


@dataclass(frozen=True)
class Bracket:
    """What the steps say: the highest rate that held, the lowest that was refuted, and the lowest of which nothing can
    be said.

    The last two, where there are any, are above the first.
    """

    held: float | None
    refuted: float | None
    undecided: float | None

    @property
    def above(self) -> float:
        """The lowest rate that did not hold; infinite when there is none."""
        return min(rate for rate in (self.refuted, self.undecided, math.inf) if rate is not None)


def bracket(steps: Sequence[CapacityStep], terms: SearchTerms) -> Bracket:
    """What the steps say together; of two verdicts on one rate the worse one counts."""
    refuted = min((s.trial.rate for s in steps if s.verdict is RateVerdict.REFUTED), default=None)
    undecided = min((s.trial.rate for s in steps if _silent(s, terms)), default=None)
    above = Bracket(None, refuted, undecided).above
    held = max((s.trial.rate for s in steps if s.verdict is RateVerdict.HOLDS and s.trial.rate < above), default=None)
    return Bracket(held, refuted, undecided)


def next_trial(steps: Sequence[CapacityStep], terms: SearchTerms) -> CapacityTrial | Ending:
    """What to do after these steps."""
    if not steps:
        return _trial(terms.first, terms)
    last = steps[-1]
    if last.verdict is RateVerdict.UNKNOWN and bracket(steps, terms).held is None:
        return Ending.UNKNOWN
    if last.verdict is RateVerdict.UNDECIDED and not _silent(last, terms):
        chosen: CapacityTrial | Ending = CapacityTrial(last.trial.rate, 2 * last.trial.seconds)
    else:
        chosen = _search(steps, terms)
    if isinstance(chosen, Ending):
        return chosen
    overhead_s = sum(step.took_s - step.trial.seconds for step in steps) / len(steps)
    will_be_s = sum(step.took_s for step in steps) + chosen.seconds + overhead_s
    return Ending.TIME if will_be_s > terms.budget_s or len(steps) >= _MOST_STEPS else chosen


def _search(steps: Sequence[CapacityStep], terms: SearchTerms) -> CapacityTrial | Ending:
    known = bracket(steps, terms)
    if known.held is None:
        return Ending.LOWEST if known.above <= terms.lowest else _trial(max(known.above / 2, terms.lowest), terms)
    endless = math.isinf(known.above)
    if endless and known.held < terms.highest:
        return _trial(min(2 * known.held, terms.highest), terms)
    if not endless and known.above / known.held > 1 + terms.precision:
        return _trial(math.sqrt(known.held * known.above), terms)
    if sum(step.verdict is RateVerdict.HOLDS and step.trial.rate == known.held for step in steps) < 2:
        return _trial(known.held, terms)
    return Ending.HIGHEST if endless else Ending.FOUND


def _trial(rate: float, terms: SearchTerms) -> CapacityTrial:
    return CapacityTrial(rate, min(max(terms.requests / rate, terms.shortest_s), terms.longest_s))


def _silent(step: CapacityStep, terms: SearchTerms) -> bool:
    """Whether a step says nothing and a longer one would say no more, or is not to be sent."""
    return step.verdict is RateVerdict.UNKNOWN or (
        step.verdict is RateVerdict.UNDECIDED and 2 * step.trial.seconds > terms.longest_s
    )


@dataclass(frozen=True)
class Capacity:
    """The outcome of a search with one profile.

    Args:
        scope: of the evidence, in words: what could be watched, and what not.
    """

    profile: Profile
    terms: SearchTerms
    steps: tuple[CapacityStep, ...]
    ending: Ending
    scope: str = ""

    @property
    def bracket(self) -> Bracket:
        """What held and what did not."""
        return bracket(self.steps, self.terms)

    @property
    def users(self) -> int | None:
        """How many users the rate that held means at the profile's own think time."""
        held = self.bracket.held
        return None if held is None else int(held / self.profile.rate_per_user)

    @property
    def held(self) -> CapacityStep | None:
        """The last step at the rate that held."""
        rate = self.bracket.held
        return next((s for s in reversed(self.steps) if s.trial.rate == rate), None)

    @property
    def above(self) -> CapacityStep | None:
        """The last step at the lowest rate that did not hold."""
        above = self.bracket.above
        return next((s for s in reversed(self.steps) if s.trial.rate == above), None)

    @property
    def saturation(self) -> Saturation:
        """What was full first."""
        held, above = self.held, self.above
        return first_full(held.seen if held else (), above.seen if above else ())


def judged(results: Sequence[Result]) -> Judgement:
    """What the performance checks' results on one load say of its rate.

    A claim about requests that the profile never sends says nothing here.
    """
    examined = [result for result in results if result.reason is not Reason.EXAMINED_NOTHING]
    failed = [result for result in examined if result.status is Status.FAIL]
    unknown = [result for result in examined if result.status is Status.UNKNOWN]
    if failed:
        return Judgement(RateVerdict.REFUTED, "; ".join(_name(result) for result in failed))
    if blind := next((result for result in unknown if result.reason is not Reason.TOO_FEW_SAMPLES), None):
        return Judgement(RateVerdict.UNKNOWN, f"{_name(blind)}: {blind.explanation}")
    if unknown:
        return Judgement(RateVerdict.UNDECIDED, "; ".join(_name(result) for result in unknown))
    if not any(result.status is Status.PASS for result in examined):
        return Judgement(RateVerdict.UNKNOWN, "no check of the policy judges this load")
    return Judgement(RateVerdict.HOLDS)


def _name(result: Result) -> str:
    return result.check_id.rpartition("/")[2].replace("_", " ")
