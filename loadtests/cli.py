"""``clinical-gate load``: send one profile's load to a deployment and say whether it holds the policy's limits.

This room knows neither target files nor checks. What does is handed in: the group that this command is added to sets
``context.obj`` to a `Seam`.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from checks.model import Reason, Result, Status
from checks.targets import Load
from loadtests.profiles import Profile, ProfileError, load_profile, profile_names
from loadtests.spec import Progress, SpecError, load_to_json

_SEED_BITS = 31
_COLOURS = {Status.PASS: "green", Status.FAIL: "red"}
Send = Callable[[Path, Profile, int, Callable[[Progress], None]], Load]
Judge = Callable[[Load], tuple[Result, ...]]


@dataclass(frozen=True)
class Seam:
    """What the command needs from other rooms.

    Args:
        send: (target file, profile, seed, progress) -> the record; raises `loadtests.spec.SpecError` or exits 2 with
            one sentence when the target cannot take the load.
        judge_by: policy name -> a function from the record to the performance checks' results; exits 2 with one sentence
            when there is no such policy.
    """

    send: Send
    judge_by: Callable[[str], Judge]


@click.command()
@click.option(
    "--target", type=click.Path(path_type=Path, dir_okay=False), default=Path("build/stack/target.toml"),
    show_default=True, help="Load goes to the application of this target file, and nowhere else.",
)  # fmt: skip
@click.option("--profile", "name", required=True, help=f"One of: {', '.join(profile_names())}.")
@click.option("--users", type=int, help="In place of the profile's.")
@click.option("--seconds", type=float, help="Measured seconds, in place of the profile's.")
@click.option("--policy", default="default", show_default=True, help="Whose limits it must hold.")
@click.option("--seed", type=int, help="Of the arrival times; random unless given, and reported.")
@click.option("--json", "as_json", is_flag=True, help="The record with its histograms, and the results.")
@click.pass_context
def load(
    context: click.Context, *, target: Path, name: str, users: int | None, seconds: float | None, policy: str,
    seed: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Send a profile's load and judge it; exit 0 holds, 1 does not, 3 cannot be said (too few samples, cut short)."""
    seam = context.find_object(Seam)
    if seam is None:
        message = "the load command is not wired: set context.obj to a loadtests.cli.Seam"
        raise RuntimeError(message)
    screen = Console(stderr=True)
    judge = seam.judge_by(policy)
    try:
        profile = load_profile(name).changed(users=users, seconds=seconds)
        with screen.status(f"load: {profile.users} users, {profile.arrival}, {profile.seconds:g} s") as status:
            drawn = secrets.randbits(_SEED_BITS) if seed is None else seed
            record = seam.send(target, profile, drawn, lambda progress: status.update(progress.line()))
    except (ProfileError, SpecError) as problem:
        click.echo(f"clinical-gate: {problem}", err=True)
        sys.exit(2)
    results = judge(record)
    if as_json:
        click.echo(json.dumps({"load": json.loads(load_to_json(record)), "checks": [asdict(r) for r in results]}))
    else:
        show(record, results, Console())
    sys.exit(exit_code(record, results))


def exit_code(record: Load, results: tuple[Result, ...]) -> int:
    """0 holds, 1 does not hold, 3 unknown. A claim about requests that the profile never sends says nothing here."""
    statuses = {result.status for result in results if result.reason is not Reason.EXAMINED_NOTHING}
    if Status.FAIL in statuses:
        return 1
    return 3 if Status.UNKNOWN in statuses or not statuses or not record.complete else 0


def show(record: Load, results: tuple[Result, ...], console: Console) -> None:
    """Print a record for a person: latencies in ms from the intended start."""
    table = Table("kind of request", box=None)
    for column in ("n", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(column, justify="right")
    table.add_column("errors")
    for kind in record.kinds:
        causes = ", ".join(f"{count} {cause}" for cause, count in sorted(kind.errors.items()))
        values = (f"{kind.percentile(share):.1f}" for share in (0.5, 0.95, 0.99, 1.0))
        table.add_row(kind.kind, str(kind.total), *values, causes)
    console.print(
        f"{record.profile}: {record.users} users, {record.arrival}, {record.seconds:g} s, seed {record.seed}; "
        f"generator at {record.generator_cpu:.0%} of one core",
        soft_wrap=True,
    )
    console.print(table)
    if not record.complete:
        console.print(f"[red]incomplete[/]: {record.problem}", soft_wrap=True)
    for result in results:
        said = result.explanation or "; ".join(finding.message for finding in result.findings)
        colour = _COLOURS.get(result.status, "yellow")
        console.print(f"[{colour}]{result.status}[/] {result.check_id}: {said}", soft_wrap=True)
