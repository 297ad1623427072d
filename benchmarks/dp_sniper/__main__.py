"""``python -m benchmarks.dp_sniper``: certified lower bounds on two cores beside DP-Sniper's published ones.

Each row gets a wall-clock allowance. How many outputs are certified follows from how fast the selection drew its own,
never from what the certification has seen.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial

import click
import numpy as np
import sklearn.linear_model  # noqa: F401  once, before the workers are forked
import threadpoolctl
from rich.console import Console
from rich.table import Table

from benchmarks.dp_sniper.rows import SniperRow, rows
from checks.dp_audit.audit import Telling, count, fresh, select
from checks.dp_audit.bounds import certify
from checks.dp_audit.model import AuditPlan, Bound, Claim, Hits, Pair
from checks.dp_audit.search import InputSpace, search

_ANY = Claim(0.0)  # nothing is claimed: the bound itself is what counts
_PLANNED = 50_000_000
_ROUNDS = (
    (0.0, 99),
    (0.2, 4),
    (0.25, 2),
    (0.4, 1),
)  # share of the time that comparing the pairs may take, and how many stay
_LEAST, _MOST = 20_000, 16_000_000  # outputs per input to choose an event on
_CALIBRATING = 1 << 18
_SHARE = 0.95  # of the time that is left, for what the calibration cannot see


@dataclass(frozen=True)
class _Measured:
    telling: Telling
    bound: Bound
    seconds: float


def _alone() -> None:
    """A worker has one core: threads of linear algebra would only get in the other's way."""
    threadpoolctl.threadpool_limits(1)


def _select(row: SniperRow, alpha: float, pair: Pair, drawn: int, seed: tuple[int, ...]) -> Telling:
    settings = AuditPlan(_PLANNED, alpha, seed[0], bits=False)
    return select(row.sample, _ANY, pair, drawn=drawn, certifying=_PLANNED, settings=settings, seed=seed)


def _count(row: SniperRow, telling: Telling, sizes: tuple[int, int], seed: tuple[int, ...]) -> Hits:
    *_, last = count(row.sample, telling, sizes, seed)
    return last


def _choose(row: SniperRow, pool: Executor, *, seconds: float, examples: int, alpha: float, seed: int) -> Telling:
    """Compare all pairs, then the best of them on as many outputs as the time allows."""
    left = list(row.pairs)
    if examples and len(left) > 1:
        settings = AuditPlan(_PLANNED, alpha, seed, bits=False)
        left.append(search(row.sample, _ANY, InputSpace(row.adjacency, row.length), settings, examples=examples))
    pace, tried = 0.0, []
    for number, (share, stay) in enumerate(_ROUNDS):
        drawn = min(_MOST, max(_LEAST, int(pace * share * seconds / len(left))))
        began = time.monotonic()
        seeds = [(seed, number, place) for place in range(len(left))]
        tried = list(pool.map(partial(_select, row, alpha), left, [drawn] * len(left), seeds))
        pace = len(left) * drawn / (time.monotonic() - began)
        tried.sort(key=lambda t: -t.choice.promise)
        left = [t.pair for t in tried[:stay]]
    return tried[0]


def _run(row: SniperRow, *, seconds: float, workers: int, alpha: float, seed: int, examples: int) -> _Measured:
    began = time.monotonic()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _alone) as pool:
        telling = _choose(row, pool, seconds=seconds, examples=examples, alpha=alpha, seed=seed)
        counted = partial(_count, row, telling)
        started = time.monotonic()
        list(pool.map(counted, [(_CALIBRATING, _CALIBRATING)] * workers, [(seed, 3, w) for w in range(workers)]))
        pace = _CALIBRATING / (time.monotonic() - started)  # outputs of each input, per worker and second
        left = seconds - (time.monotonic() - began)
        chance = np.random.default_rng([seed, 5])
        sizes = [fresh(max(_CALIBRATING, int(pace * left * _SHARE)), _ANY, chance) for _ in range(workers)]
        counts = list(pool.map(counted, sizes, [(seed, 4, w) for w in range(workers)]))
    hits = Hits(*(sum(column) for column in zip(*map(astuple, counts), strict=True)))
    return _Measured(telling, certify(hits, delta=0.0, alpha=alpha), time.monotonic() - began)


@click.command()
@click.option("--seconds", type=float, default=29.0, show_default=True, help="Wall-clock seconds for a row.")
@click.option("--workers", type=int, default=2, show_default=True, help="Processes that certify.")
@click.option("--search", "examples", type=int, default=20, show_default=True, help="Inputs that Hypothesis may try.")
@click.option("--alpha", type=float, default=0.05, show_default=True, help="1 - confidence, as in the paper.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--row", "only", multiple=True, metavar="NAME", help="Only this row; may be repeated.")
def main(*, only: tuple[str, ...], seconds: float, **terms: float) -> None:
    """Audit the mechanisms of DP-Sniper's evaluation and print each row, won or lost."""
    chosen = [row for row in rows() if not only or row.name in only]
    if not chosen:
        names = ", ".join(row.name for row in rows())
        message = f"no such row; there are {names}"
        raise click.UsageError(message)
    table = Table("mechanism", "published", "certified", "true", "", "samples", "s", "pair", "event", box=None)
    won = 0
    with Console(stderr=True).status("starting") as status:
        for row in chosen:
            status.update(row.name)
            seen = _run(row, seconds=seconds, **terms)  # type: ignore[arg-type]
            better = seen.bound.epsilon >= row.published
            won += better
            table.add_row(
                row.name,
                f"{row.published:.4f}",
                f"{seen.bound.epsilon:.5f}",
                row.limit,
                "won" if better else "LOST",
                f"{seen.bound.hits.of_likely + seen.bound.hits.of_unlikely:.1e}",
                f"{seen.seconds:.1f}",
                seen.telling.pair.name,
                seen.telling.choice.event.words[:60],
            )
    Console(width=170).print(table)
    click.echo(f"{won} of {len(chosen)} rows at least equal at {1 - float(terms['alpha']):.0%} confidence")


if __name__ == "__main__":
    main()
