"""``python -m benchmarks.dp_samples``: outputs per input after which the sequential audit refutes each wrong mechanism.

Beside it stands what an audit with a fixed number draws, whatever it sees.
"""

from __future__ import annotations

import math
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import click
import sklearn.linear_model  # noqa: F401  once, before the workers are forked
import threadpoolctl
from rich.console import Console
from rich.progress import track
from rich.table import Table

from checks.dp_audit.model import AuditOutcome, AuditPlan
from checks.dp_audit.sequential import audit_sequentially
from suites.privacy.zoo.catalogue import specimens

_FIXED = 500_000  # what ``scan dp`` draws unless told otherwise
_GROSS = 1_000


def samples_to_refute(name: str, seed: int, *, most: int, alpha: float) -> float:
    """Outputs per input; infinity when ``most`` did not refute it."""
    (wrong,) = (s for s in specimens() if s.name == name)
    settings = AuditPlan(most, alpha, seed, gaussian=wrong.gaussian)
    verdict = audit_sequentially(wrong.sample, wrong.claim, wrong.pairs, settings)
    return verdict.samples if verdict.outcome is AuditOutcome.REFUTED else math.inf


def row(name: str, found: Sequence[float]) -> tuple[str, ...]:
    """Least, median and most of one mechanism's, and how often it was refuted."""
    refuted = sum(map(math.isfinite, found))
    shown = (f"{x:,.0f}" if math.isfinite(x) else "-" for x in (min(found), statistics.median(found), max(found)))
    return name, *shown, f"{refuted} of {len(found)}"


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--samples", "most", type=click.IntRange(min=100), default=_FIXED, show_default=True, help="At most.")
@click.option("--alpha", type=float, default=1e-6, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True)
def main(seeds: int, most: int, alpha: float, workers: int) -> None:
    """Audit every wrong mechanism of the zoo, over several seeds, until it is refuted."""
    began = time.monotonic()
    names = [s.name for s in specimens() if s.wrong]
    wanted = [(name, seed) for name in names for seed in range(seeds)]
    limit = partial(threadpoolctl.threadpool_limits, 1)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), limit) as pool:
        found = pool.map(partial(samples_to_refute, most=most, alpha=alpha), *zip(*wanted, strict=True))
        seen = list(track(found, "auditing", total=len(wanted), console=Console(stderr=True), transient=True))
    table = Table("wrong mechanism", "least", "median", "most", "refuted", box=None)
    medians = []
    for at, name in enumerate(names):
        mine = seen[at * seeds : (at + 1) * seeds]
        medians.append(statistics.median(mine))
        table.add_row(*row(name, mine))
    Console().print(table)
    gross = sum(m <= _GROSS for m in medians)
    click.echo(
        f"median of the medians {statistics.median(medians):,.0f} outputs per input, where a fixed number would have"
        f" been {_FIXED:,}; {gross} of {len(names)} are refuted within {_GROSS:,}; alpha {alpha:g};"
        f" {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
