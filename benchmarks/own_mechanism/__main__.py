"""``python -m benchmarks.own_mechanism``: a million and more releases of the nodes' own mechanism, beside its claim.

Each row is one audit of the function that answers on the nodes, as it is and with half of its noise. What was certified
is given for one patient, so that rows compare; a group of patients shows the same loss in far fewer releases.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from checks.dp_audit.audit import audit
from checks.dp_audit.bounds import gaussian_epsilon
from checks.dp_audit.model import AuditPlan, AuditVerdict, Floats, Sample
from fixtures.services.hospital import DELTA, EPSILON, NOISE_MULTIPLIER
from suites.privacy.own_mechanism import COUNTS_IN_ONE_BIN, claim


@dataclass
class _SideBySide:
    """A sampler whose processes draw a part of the outputs each, and how many it has drawn."""

    multiplier: float
    workers: int
    pool: ProcessPoolExecutor
    drawn: int = 0

    def __call__(self, values: Floats, size: int, rng: np.random.Generator) -> Floats:
        """See `checks.dp_audit.model.Sample`."""
        del rng
        self.drawn += size
        parts = [len(part) for part in np.array_split(np.arange(size), self.workers)]
        jobs = [self.pool.submit(_drawn, self.multiplier, values, part) for part in parts if part]
        return np.concatenate([job.result() for job in jobs])


def _drawn(multiplier: float, values: Floats, size: int) -> Floats:
    return np.asarray(COUNTS_IN_ONE_BIN.at(multiplier)(values, size, np.random.default_rng()), dtype=np.float64)


def _audited(sample: Sample, patients: int, samples: int, alpha: float) -> AuditVerdict:
    settings = AuditPlan(samples, alpha, seed=1, gaussian=True, bits=False)
    return audit(sample, claim(patients), (COUNTS_IN_ONE_BIN.pair(patients),), settings)


@click.command()
@click.option("--samples", type=int, default=1_000_000, show_default=True, help="Releases per input, for every row.")
@click.option("--patients", type=int, default=48, show_default=True, help="By which the group's inputs differ.")
@click.option("--workers", type=int, default=2, show_default=True, help="Processes that draw.")
@click.option("--alpha", type=float, default=1e-6, show_default=True, help="1 - confidence.")
def main(*, samples: int, patients: int, workers: int, alpha: float) -> None:
    """Audit the nodes' own mechanism at the reference settings, and with half of their noise."""
    table = Table(
        "noise multiplier",
        "patients",
        "verdict",
        "certified epsilon",
        "by mu",
        "true",
        "claim",
        "detectable",
        "releases",
        "releases/s",
        "s",
        box=None,
    )
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        for multiplier in (NOISE_MULTIPLIER, NOISE_MULTIPLIER / 2):
            for group in (1, patients):
                sample, began = _SideBySide(multiplier, workers, pool), time.monotonic()
                seen = _audited(sample, group, samples, alpha)
                seconds = time.monotonic() - began
                mu = (seen.bound.mu or 0.0) / group
                table.add_row(
                    f"{multiplier:g}",
                    f"{group}",
                    seen.outcome,
                    f"{seen.bound.epsilon / group:.4f}",
                    f"{gaussian_epsilon(mu, DELTA):.4f}",
                    f"{gaussian_epsilon(1 / multiplier, DELTA):.4f}",
                    f"{EPSILON:g}",
                    f"{seen.detectable_epsilon / group:.4f}",
                    f"{sample.drawn:,}",
                    f"{sample.drawn / seconds:,.0f}",
                    f"{seconds:.1f}",
                )
    Console(width=150).print(table)
    click.echo(
        f"epsilon for one patient at delta {DELTA:g}; {1 - alpha:.4%} confidence; {samples:,} releases per input"
    )


if __name__ == "__main__":
    main()
