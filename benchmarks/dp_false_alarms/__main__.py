"""``python -m benchmarks.dp_false_alarms``: audits of the zoo's correct mechanisms over many seeds; none may be
refuted.

Beside alpha = 1e-6, at which no alarm is expected, the same hits are judged at alpha = 0.05: there the share of alarms
shows whether the certification is calibrated (at most 5 %) and not merely too timid to ever speak.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import click
import sklearn.linear_model  # noqa: F401  once, before the workers are forked
import threadpoolctl
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import beta

from checks.dp_audit.audit import audit
from checks.dp_audit.bounds import certify
from checks.dp_audit.model import AuditOutcome, AuditPlan
from checks.dp_audit.sequential import audit_sequentially
from suites.privacy.zoo.catalogue import specimens

_LOOSE = 0.05


def _audit(samples: int, alpha: float, sequential: bool, seed: int) -> list[tuple[str, bool, bool]]:  # noqa: FBT001  pool.map knows no names
    """For each correct mechanism: its name, whether it was refuted at ``alpha``, and at 5 %."""
    alarms = []
    for specimen in (s for s in specimens() if not s.wrong):
        pair = specimen.pairs[seed % len(specimen.pairs)]
        settings = AuditPlan(samples, alpha, seed, gaussian=specimen.gaussian)
        if sequential:
            most = max(w for _, w in audit_sequentially(specimen.sample, specimen.claim, (pair,), settings).curve)
            alarms.append((specimen.name, most >= 1 / alpha, most >= 1 / _LOOSE))
            continue
        seen = audit(specimen.sample, specimen.claim, (pair,), settings)
        loose = certify(seen.bound.hits, delta=specimen.claim.delta, alpha=_LOOSE).epsilon > specimen.claim.epsilon
        alarms.append((specimen.name, seen.outcome is AuditOutcome.REFUTED, loose))
    return alarms


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--samples", type=click.IntRange(min=100), default=10_000, show_default=True, help="Outputs per input.")
@click.option("--alpha", type=float, default=1e-6, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--sequential", is_flag=True, help="Bet until a claim is refuted; looked at after every block.")
def main(*, seeds: int, samples: int, alpha: float, workers: int, sequential: bool) -> None:
    """Audit every correct mechanism of the zoo with every seed, on a pair of its own in turn, and count false
    alarms.
    """
    began = time.monotonic()
    counts: dict[str, list[int]] = {}
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("fork"), partial(threadpoolctl.threadpool_limits, 1)
    ) as pool:
        audits = pool.map(partial(_audit, samples, alpha, sequential), range(seeds), chunksize=4)
        for outcome in track(audits, "auditing", total=seeds, console=Console(stderr=True), transient=True):
            for name, strict, loose in outcome:
                count = counts.setdefault(name, [0, 0])
                count[0] += strict
                count[1] += loose
    table = Table("correct mechanism", "audits", f"refuted at {alpha:g}", f"refuted at {_LOOSE:g}", box=None)
    for name, (refuted, lenient) in counts.items():
        table.add_row(name, str(seeds), str(refuted), f"{lenient} ({lenient / seeds:.1%})")
    Console().print(table)
    total = seeds * len(counts)
    alarms, lenient = (sum(column) for column in zip(*counts.values(), strict=True))
    most = float(beta.ppf(0.95, alarms + 1, total - alarms))
    took_s = time.monotonic() - began
    click.echo(
        f"{alarms} false alarms in {total:,} audits at alpha {alpha:g} (rate below {most:.1e} with 95 % confidence);"
        f" at alpha {_LOOSE:g} {lenient / total:.2%} of them; {took_s:.0f} s"
    )


if __name__ == "__main__":
    main()
