"""``clinical-gate scan``: look at one thing by itself, without a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from checks.dp_audit.model import LEAST_ALPHA, MOST_EPSILON, AuditOutcome
from checks.dp_audit.neighbours import Adjacency
from commands.numbers import Finite
from fixtures.scan.dp import AuditRequest, scan_mechanism
from loadtests.exit_codes import ExitCode
from reports.render import privacy

_EXIT_CODES = {
    AuditOutcome.NOT_REFUTED: ExitCode.HOLDS,
    AuditOutcome.REFUTED: ExitCode.DOES_NOT_HOLD,
    AuditOutcome.UNDECIDED: ExitCode.UNKNOWN,
}


_EPSILON = Finite(min=0, max=MOST_EPSILON, min_open=True)


@click.group()
def scan() -> None:
    """Look at one thing by itself, without a deployment."""


@scan.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--epsilon", type=_EPSILON, required=True, help="What one call claims.")
@click.option("--delta", type=Finite(0, 1, max_open=True), default=0.0, show_default=True)
@click.option("--samples", type=click.IntRange(min=100), default=500_000, show_default=True, help="Outputs per input.")
@click.option(
    "--alpha",
    type=Finite(LEAST_ALPHA, 0.5),
    default=1e-6,
    show_default=True,
    help="Chance to refute a claim that is true.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--adjacency",
    type=click.Choice([a.value for a in Adjacency]),
    default=Adjacency.ENTRY.value,
    show_default=True,
    help="Neighbours where FILE names none: one entry differs by 1, each entry may, or one entry more.",
)
@click.option("--length", type=click.IntRange(1, 1000), default=5, show_default=True, help="Entries of such an input.")
@click.option(
    "--search", "examples", type=click.IntRange(min=0), default=0, help="Also let Hypothesis try so many pairs."
)
@click.option(
    "--sequential",
    is_flag=True,
    help="Bet on what was seen, and stop as soon as the claim is refuted; --samples at most.",
)
@click.option("--gaussian", is_flag=True, help="The noise is stated to be Gaussian: its mu may refute it too.")
@click.option(
    "--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw what was reached against the outputs (.svg)."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def dp(file: Path, plot: Path | None, *, as_json: bool, **asked: Any) -> ExitCode:  # noqa: ANN401  click's own types
    """Try to refute the differential privacy of the mechanism in FILE.

    FILE is Python and defines sample(values, size, rng): an array of numbers and a numpy Generator in, an array of size
    outputs back, shape (size,) or (size, d). It may define NEIGHBOURS = [(values, values'), ...].

    \b
    Exit codes: 0 not refuted, 1 refuted, 2 FILE cannot be audited or interrupted, 3 too few samples to decide.
    Example:    clinical-gate scan dp mechanism.py --epsilon 1 --delta 1e-6 --samples 1000000
    """  # noqa: D301  click reads a real backspace
    verdict = scan_mechanism(file, AuditRequest(**asked))
    if as_json:
        click.echo(privacy.as_json(verdict))
    else:
        privacy.print_verdict(verdict, Console())
    if plot:
        privacy.draw(verdict, plot)
    return _EXIT_CODES[verdict.outcome]
