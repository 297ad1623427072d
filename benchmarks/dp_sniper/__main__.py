"""``python -m benchmarks.dp_sniper``: certified lower bounds on two cores beside DP-Sniper's published ones.

Each row gets a wall-clock allowance. How many outputs are certified follows from how fast the selection drew its own, never from
what the certification has seen.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.dp_sniper.rows import Row, rows
from checks.dp_audit.audit import Telling, count, fresh, most_telling
from checks.dp_audit.bounds import certify
from checks.dp_audit.model import Bound, Claim, Hits
from checks.dp_audit.search import search

_ANY = Claim(0.0)  # nothing is claimed: the bound itself is what counts
_PLANNED = 50_000_000
_CALIBRATING = 1 << 17
_MOST = 400_000_000
_SHARE = 0.9  # of the time that is left, for what the calibration cannot see


@dataclass(frozen=True)
class _Measured:
    telling: Telling
    bound: Bound
    seconds: float


_CHOSEN: list[tuple[Row, Telling]] = []  # what forked workers count; an event is a function and cannot be sent


def _counted(sizes: tuple[int, int], seed: int, worker: int) -> Hits:
    row, telling = _CHOSEN[-1]
    *_, last = count(row.sample, telling, sizes, (seed, 1000 + worker))
    return last


def _run(
    row: Row, *, seconds: float, workers: int, selecting: int, examples: int, alpha: float, seed: int
) -> _Measured:
    began = time.monotonic()
    terms = {"certifying": _PLANNED, "alpha": alpha, "bits": False}
    pairs = list(row.pairs)
    if examples and row.pairs[0].name != "values without a bit in common":
        pairs.append(
            search(
                row.sample,
                _ANY,
                row.adjacency,
                row.length,
                examples=examples,
                alpha=alpha,
                certifying=_PLANNED,
                seed=seed,
                bits=False,
            )
        )
    telling = most_telling(row.sample, _ANY, pairs, drawn=selecting, seed=seed, **terms)  # type: ignore[arg-type]
    _CHOSEN.append((row, telling))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        started = time.monotonic()
        list(pool.map(_counted, [(_CALIBRATING, _CALIBRATING)] * workers, [seed + 1] * workers, range(workers)))
        pace = _CALIBRATING / (time.monotonic() - started)  # outputs of each input, per worker and second
        left = seconds - (time.monotonic() - began)
        each = min(_MOST // workers, max(_CALIBRATING, int(pace * left * _SHARE)))
        chance = np.random.default_rng([seed, 5])
        sizes = [fresh(each, _ANY, chance) for _ in range(workers)]
        counts = list(pool.map(_counted, sizes, [seed] * workers, range(workers)))
    hits = Hits(*(sum(column) for column in zip(*map(astuple, counts), strict=True)))
    bound = certify(hits, delta=0.0, alpha=alpha)
    return _Measured(telling, bound, time.monotonic() - began)


@click.command()
@click.option("--seconds", type=float, default=28.0, show_default=True, help="Wall-clock seconds for a row.")
@click.option("--workers", type=int, default=2, show_default=True, help="Processes that certify.")
@click.option(
    "--selecting", type=int, default=1_000_000, show_default=True, help="Outputs per input to choose the event."
)
@click.option("--search", "examples", type=int, default=40, show_default=True, help="Inputs that Hypothesis may try.")
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
                f"{seen.bound.epsilon:.4f}",
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
