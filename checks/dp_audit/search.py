"""Neighbouring inputs searched by Hypothesis, for mechanisms whose loss the patterns do not show.

Hypothesis proposes a base input and a step to a neighbour, and climbs towards pairs whose event promises a larger
epsilon (targeted property-based testing: Löscher and Sagonas 2017, https://doi.org/10.1145/3092703.3092711). What it
finds is only a pair to audit: the audit certifies it on fresh outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, target
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from checks.dp_audit.audit import Progress, nobody, select
from checks.dp_audit.model import AuditPlan, Claim, MechanismError, Pair, Sample
from checks.dp_audit.neighbours import Adjacency

_TRYING = 4_000


@dataclass(frozen=True)
class InputSpace:
    """Which pairs to look among: inputs of so many entries, each a multiple of 1/4 within ``low``..``high``."""

    adjacency: Adjacency
    length: int
    low: float = -10.0
    high: float = 10.0


def search(
    sample: Sample,
    claim: Claim,
    inputs: InputSpace,
    settings: AuditPlan,
    *,
    examples: int,
    progress: Progress = nobody,
) -> Pair:
    """The most telling pair of so many examples.

    Args:
        settings: of the audit to come; its seed is that of the mechanism's generator. Hypothesis itself is
            derandomized.
        examples: how many pairs are tried, with 4,000 outputs of each input.

    Raises:
        MechanismError: see `audit.audit`.
    """
    found: list[tuple[float, Pair]] = []
    failed: list[MechanismError] = []

    @hypothesis_settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        phases=[Phase.generate, Phase.target],
        suppress_health_check=list(HealthCheck),
    )
    @given(_pairs(inputs))
    def climb(pair: Pair) -> None:
        if failed:
            return  # one sentence is enough, and Hypothesis would look for a smaller one
        try:
            seen = select(
                sample,
                claim,
                pair,
                drawn=_TRYING,
                certifying=settings.samples,
                settings=settings,
                seed=(settings.seed, len(found)),
            )
        except MechanismError as problem:
            failed.append(problem)
            return
        progress("searching inputs", min(1.0, len(found) / examples))
        found.append((seen.choice.promise, pair))
        target(max(seen.choice.promise, -1e3))

    climb()
    if failed:
        raise failed[0]
    return max(found, key=lambda each: each[0])[1]


def _pairs(inputs: InputSpace) -> st.SearchStrategy[Pair]:
    adjacency, length = inputs.adjacency, inputs.length
    quarters = st.integers(int(4 * inputs.low) + 4, int(4 * inputs.high) - 4).map(lambda n: n / 4)
    bases = st.lists(quarters, min_size=length, max_size=length)
    step = st.sampled_from([-1.0, -0.5, 0.5, 1.0])
    if adjacency is Adjacency.ADD_REMOVE:
        return st.tuples(bases, quarters).map(lambda drawn: _found((*drawn[0], drawn[1]), drawn[0]))
    if adjacency is Adjacency.ENTRIES:
        steps = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=length, max_size=length)
    else:
        steps = st.tuples(st.integers(0, length - 1), step).map(
            lambda drawn: [drawn[1] if i == drawn[0] else 0.0 for i in range(length)]
        )
    moved = st.tuples(bases, steps.filter(any))
    return moved.map(lambda drawn: _found(drawn[0], [x + y for x, y in zip(*drawn, strict=True)]))


def _found(first: tuple[float, ...] | list[float], second: tuple[float, ...] | list[float]) -> Pair:
    return Pair("found by search", tuple(first), tuple(second))
