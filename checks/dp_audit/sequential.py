"""The audit that stops as soon as it is sure: it bets on events that it learns from the outputs seen so far.

Outputs come in blocks. Before each, events are chosen from all that came before, and purses are staked on them (see
`wealth`); what a purse wins, it keeps for the next block. When all purses together, each begun with its share of 1,
hold 1 / alpha, the claim is refuted, at whatever output that is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from checks.dp_audit.audit import CLEAR, Progress, nobody, too_few
from checks.dp_audit.draws import draw
from checks.dp_audit.events import Choice, choose
from checks.dp_audit.model import AuditOutcome, AuditPlan, Claim, Floats, Pair, Sample, SequentialVerdict, Truths
from checks.dp_audit.scores import Plain
from checks.dp_audit.tables import Atoms
from checks.dp_audit.wealth import STAKES, growth, implied, least_to_win, payments, together

_FIRST, _GROWTH, _MOST = 64, 0.5, 32_768  # outputs of each input in the first block, then as a share of those before
_KEPT = 200_000  # outputs of each input that events are learnt from
# After so many outputs of each input, how many pairs stay.
_STAYING = ((2_000, 6), (10_000, 4), (50_000, 2), (200_000, 1))
_SLOTS = np.array([0.5, 0.25, 0.125, 0.125])  # what is staked on the most promising event, the plainest, and on atoms


@dataclass(frozen=True)
class _Bet:
    """An event, which stakes are worth it, and by how much the best of them should grow; all a standard error safer
    than what was seen, for what was chosen by its looks is never quite as good.
    """

    choice: Choice
    staked: Truths
    grows: float


@dataclass
class _Table:
    """The bets on one pair: its outputs so far, and its purses, one per claim, slot and stake (logarithms)."""

    pair: Pair
    claims: tuple[Claim, ...]
    chances: list[np.random.Generator]
    seen: list[Floats] = field(default_factory=list)
    drawn: int = 0
    best: Choice | None = None
    hope: float = 0.0  # by how much the wealth should grow per output, as far as was seen

    def __post_init__(self) -> None:
        self.purses = np.zeros((len(self.claims), len(_SLOTS), len(STAKES)))
        weights = np.broadcast_to(_SLOTS[:, np.newaxis] / (len(self.claims) * len(STAKES)), self.purses.shape)
        self.weights = weights.ravel()

    @property
    def wealth(self) -> float:
        """Logarithm of what the purses hold together."""
        return float(together(self.purses.ravel(), self.weights))

    def block(self, sample: Sample, size: int) -> list[Floats]:
        """New outputs of both inputs."""
        inputs = self.pair.first, self.pair.second
        return [draw(sample, values, size, chance) for values, chance in zip(inputs, self.chances, strict=True)]

    def bets(self, claim: Claim, settings: AuditPlan) -> list[_Bet]:
        """A bet per slot, by what was seen."""
        first, second = self.seen
        found = choose(
            first, second, claim, alpha=settings.alpha, certifying=max(4 * self.drawn, 1), bits=settings.bits
        )
        tried = [_bet(choice, first, second, claim) for choice in found]
        atoms = [bet for bet in tried if isinstance(bet.choice.score, Atoms)][:2]
        most = max(tried, key=lambda bet: bet.grows)
        plainest = max((bet for bet in tried if isinstance(bet.choice.score, Plain)), key=lambda bet: bet.grows)
        return [most, plainest, *(atoms[:1] or [most]), *(atoms[1:] or [most])]

    def play(self, sample: Sample, size: int, settings: AuditPlan) -> Floats:
        """Stake on a block and draw it; the logarithm of the pair's wealth after each of its outputs, shape (size,)."""
        if not self.seen:
            self.seen, self.drawn = self.block(sample, size), size
            return np.zeros(size)
        bets = [self.bets(claim, settings) for claim in self.claims]
        self.best, self.hope = bets[0][0].choice, max(slots[0].grows for slots in bets)
        new = self.block(sample, size)
        paths = np.empty((size, *self.purses.shape))
        for number, (claim, slots) in enumerate(zip(self.claims, bets, strict=True)):
            for slot, bet in enumerate(slots):
                likely, unlikely = new if bet.choice.first_is_likelier else new[::-1]
                contains = bet.choice.event.contains
                won = payments(contains(likely), contains(unlikely), claim) * bet.staked
                paths[:, number, slot] = self.purses[number, slot] + np.cumsum(won, axis=0)
        self.purses = paths[-1]
        self.seen = [np.concatenate(both)[-_KEPT:] for both in zip(self.seen, new, strict=True)]
        self.drawn += size
        return together(paths.reshape(size, -1), self.weights)


def _bet(choice: Choice, first: Floats, second: Floats, claim: Claim) -> _Bet:
    hits = [int(np.count_nonzero(choice.event.contains(x))) for x in (first, second)]
    shares = np.array(hits if choice.first_is_likelier else hits[::-1]) / len(first)
    errors = np.sqrt((shares * (1 - shares) + 1 / len(first)) / len(first))
    each = growth(max(0.0, shares[0] - errors[0]), min(1.0, shares[1] + errors[1]), claim)
    return _Bet(choice, each > 0, float(each.max()))


def audit_sequentially(
    sample: Sample, claim: Claim, pairs: Sequence[Pair], settings: AuditPlan, *, progress: Progress = nobody
) -> SequentialVerdict:
    """Try to refute a claim, and stop when it is refuted.

    Args:
        sample: the mechanism.
        pairs: neighbouring inputs to try; those that tell least are left when many outputs were drawn.
        settings: ``samples`` is the most outputs per input.
        progress: told what is done and which share of it, from 0 to 1.

    Raises:
        MechanismError: it raised, or answered with something that is not ``size`` rows of finite numbers.
    """
    claims = implied(claim, gaussian=settings.gaussian)
    tables = [
        _Table(pair, claims, [np.random.default_rng([settings.seed, number, side]) for side in (0, 1)])
        for number, pair in enumerate(pairs)
    ]
    playing, goal, share = list(tables), -math.log(settings.alpha), math.log(len(tables))
    curve: list[tuple[int, float]] = []
    stopped = 0
    while not stopped and (drawn := playing[0].drawn) < settings.samples:
        progress("betting", drawn / settings.samples)
        size = min(_MOST, max(_FIRST, int(drawn * _GROWTH)), settings.samples - drawn)
        for table in playing:
            others = np.array([other.wealth if other is not table else -np.inf for other in tables])
            rest = together(others) if len(tables) > 1 else -np.inf
            path = np.logaddexp(table.play(sample, size, settings), rest) - share
            if len(over := np.flatnonzero(path >= goal)):
                stopped = drawn + int(over[0]) + 1
                curve.append((stopped, math.exp(path[over[0]])))
                break
        else:
            curve.append((drawn + size, math.exp(float(together(np.array([t.wealth for t in tables]))) - share)))
            stay = min([len(playing), *(k for n, k in _STAYING if playing[0].drawn >= n)])
            playing = sorted(playing, key=lambda t: -t.hope)[:stay]
    return _verdict(claim, settings, tables, curve, stopped)


def _verdict(
    claim: Claim, settings: AuditPlan, tables: Sequence[_Table], curve: Sequence[tuple[int, float]], stopped: int
) -> SequentialVerdict:
    best = max(tables, key=lambda table: table.wealth)
    purses = len(tables) * best.purses.size
    reach, rare = least_to_win(settings.samples, claim, math.log(purses / settings.alpha))
    samples, wealth = curve[-1]
    held = (
        f"after {samples:,} outputs per input the bets against epsilon {claim.epsilon:g} hold {wealth:.3g} of 1 staked"
    )
    outcome, explanation = AuditOutcome.NOT_REFUTED, f"{held}; {1 / settings.alpha:.3g} would refute it"
    if stopped:
        outcome, explanation = AuditOutcome.REFUTED, held
    elif reach > CLEAR * claim.epsilon:
        outcome, explanation = AuditOutcome.UNDECIDED, too_few(samples, reach)
    likelier_first = best.best is None or best.best.first_is_likelier
    likely, unlikely = (best.pair.first, best.pair.second) if likelier_first else (best.pair.second, best.pair.first)
    return SequentialVerdict(
        outcome=outcome,
        claim=claim,
        wealth=wealth,
        event=best.best.event.words if best.best else "none: nothing was bet",
        pair=best.pair.name,
        likely=likely,
        unlikely=unlikely,
        samples=samples,
        outputs=2 * sum(table.drawn for table in tables),
        alpha=settings.alpha,
        seed=settings.seed,
        detectable_epsilon=reach,
        smallest_event=rare,
        curve=tuple(curve),
        explanation=explanation,
    )
