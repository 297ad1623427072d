"""The command line: stacks, targets, checks, load and reports."""

from __future__ import annotations

import contextlib
import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from checks.catalogue import CatalogueError, catalogue, controls
from checks.dp_audit.model import AuditOutcome, MechanismError
from checks.dp_audit.neighbours import Adjacency
from checks.evaluate import evaluate
from checks.model import CannotLookError, Reason, Result
from checks.policy import PolicyError, load_policy
from checks.targets import Load, Loads
from commands.load import Judge, Order, Prepared, Seam, SearchProgress, load
from commands.report import report
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.destination import endpoint
from fixtures.deployment.target_file import TargetError, read_target, write_target
from fixtures.hosts import HostError
from fixtures.hosts.process import MissingProgramError
from fixtures.progress import ServiceProgress
from fixtures.scan.dp import AuditRequest, scan_mechanism
from fixtures.scan.mechanism_file import MechanismFileError
from fixtures.stack import runs
from fixtures.stack.description import describe
from fixtures.stack.topology import Stack, StackError
from fixtures.targets.load.capacity import find_capacity
from fixtures.targets.load.target import client_host, join_leader, load_spec, send
from loadtests.capacity import autoscaling
from loadtests.capacity.search import Capacity, JudgeLoad
from loadtests.capacity.search import SearchTerms as CapacityTerms
from loadtests.generator.spec import Progress, Share
from reports.render import privacy
from reports.render.load.files import write_pictures

DEFAULT_TARGET = Path("build/stack/target.toml")
_MENDABLE = (
    HostError,
    TargetError,
    StackError,
    CatalogueError,
    PolicyError,
    MissingProgramError,
    MechanismFileError,
    MechanismError,
    privacy.PictureError,
)
target_option = click.option(
    "--target",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_TARGET,
    show_default=True,
    help="The stack's target file; another path makes another stack.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Gate a clinical AI deployment: compliance, privacy, recovery and load, with checks that prove they can fail.

    The gate itself is a pytest run:  pytest -m gate [--target FILE] [--policy NAME]

    Exit codes: 0 holds, 1 does not hold, 2 usage, unreadable input or interrupted, 3 unknown.
    """
    context.obj = Seam(prepare=_prepare, judge_by=_judge_by, join=_join, draw=_draw, search=_search, scale=_scale)


def _prepare(path: Path, order: Order) -> Prepared:
    with _one_sentence():
        objectives = load_policy(order.policy).performance.objectives()
        target = read_target(path)
        listen = endpoint("--master", order.master) if order.master else ""
        spec = load_spec(target, order.profile, order.seed, objectives, processes=order.processes, listen=listen)
        spec.cast()

    def send_it(on_progress: Callable[[Progress], None]) -> Load:
        with _one_sentence(), client_host(target) as host:
            return send(host, spec, on_progress)

    return Prepared(spec.profile, spec.place, send_it)


def _join(path: Path, leader: str) -> Callable[[Callable[[Progress], None]], Share]:
    with _one_sentence():
        target, there = read_target(path), endpoint("--worker", leader)

    def play(on_progress: Callable[[Progress], None]) -> Share:
        with _one_sentence():
            return join_leader(target, there, on_progress)

    return play


def _draw(record: Load, directory: Path) -> Sequence[Path]:
    with _one_sentence():
        return write_pictures(record, directory)


def _search(path: Path, order: Order, terms: CapacityTerms, judge: JudgeLoad, told: SearchProgress) -> Capacity:
    with _one_sentence():
        limits = load_policy(order.policy).performance
        return find_capacity(
            read_target(path),
            order.profile,
            judge,
            terms=terms,
            seed=order.seed,
            objectives=limits.objectives(),
            generator_limit=limits.generator_cpu_limit,
            processes=order.processes,
            on_trial=told.on_trial,
            on_step=told.on_step,
            on_progress=told.on_progress,
        )


def _scale(policy_name: str) -> Callable[[Load, float], str]:
    with _one_sentence():
        rule = load_policy(policy_name).autoscaling
        if rule is None:
            message = f"policy {policy_name} has no [autoscaling] rule to simulate"
            raise PolicyError(message)
    return lambda record, rate: autoscaling.describe(autoscaling.simulate(record, rule, rate))


@dataclass(frozen=True)
class _Recorded:
    """Implements `checks.targets.Loads`."""

    record: Load

    def load(self, profile: str = "") -> Load:
        """See `checks.targets.Loads.load`; only what was sent can be judged."""
        if profile not in ("", self.record.profile):
            msg = f"the profile that was sent is {self.record.profile}; this looks at {profile}"
            raise CannotLookError(msg, Reason.EXAMINED_NOTHING)
        return self.record


def _judge_by(policy_name: str) -> Judge:
    with _one_sentence():
        policy = load_policy(policy_name)
        exempt = {exemption.check for exemption in policy.not_applicable}
        rules = [r for r in catalogue() if r.id not in exempt and all(kind is Loads for _, kind in r.needs)]

    def judge(record: Load) -> tuple[Result, ...]:
        history = _Recorded(record)
        return tuple(evaluate(rule, lambda _: history, policy, target=record.profile) for rule in rules)

    return judge


@contextlib.contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn what a user can mend, or has stopped, into one clear sentence and exit code 2."""
    try:
        yield
    except _MENDABLE as problem:
        click.echo(f"clinical-gate: {problem}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:  # click would end with 1, which says that something does not hold
        click.echo("clinical-gate: interrupted", err=True)
        sys.exit(2)


@main.group()
def stack() -> None:
    """A reference stack that stays up until you take it down."""


@stack.command()
@target_option
@click.option("--driver", type=click.Choice(sorted(runs.DRIVERS)), default=None, help="Default: namespace as root.")
@click.option(
    "--model", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Serve this GGUF, not random weights."
)
def up(target: Path, driver: str | None, model: Path | None) -> None:
    """Start every service, show its progress, and write the target file."""
    with _one_sentence():
        if target.exists() and (old := read_target(target).run) and runs.find(old):
            message = f"stack {old} is up; take it down first (clinical-gate stack down), or give another --target"
            raise TargetError(message)
        began = time.monotonic()
        run, hosts = runs.begin(driver=driver or "")
        try:
            made = Stack(hosts, model=model)
            with ServiceProgress() as progress:
                made.start(progress)
            write_target(describe(made), target)
            runs.keep(run)
        except BaseException:
            hosts.close()
            raise
    click.echo(
        f"stack {run.id} is up after {time.monotonic() - began:.1f} s; gate it with: pytest -m gate --target {target}"
    )


@stack.command()
@target_option
@click.option("--all", "everything", is_flag=True, help="Every stack of this machine, also one without a target file.")
def down(target: Path, everything: bool) -> None:  # noqa: FBT001  click passes a flag as it is
    """Stop every service and remove every process, namespace and file of the stack."""
    with _one_sentence():
        runs.sweep()
        if everything:
            gone = [run for run in runs.runs() if run.owner == 0]
        else:
            found = runs.find(read_target(target).run)
            gone = [found] if found else []
        began = time.monotonic()
        for run in gone:
            run.open().close()
        target.unlink(missing_ok=True)
    names = ", ".join(run.id for run in gone) or "nothing"
    click.echo(f"took down {names} in {time.monotonic() - began:.1f} s")


@stack.command()
@target_option
@click.option("--json", "as_json", is_flag=True, help="Service -> whether it answers.")
def status(target: Path, as_json: bool) -> None:  # noqa: FBT001  click passes a flag as it is
    """Ask every service whether it answers; exit 1 when one does not."""
    with _one_sentence():
        run = runs.find(read_target(target).run)
        if run is None:
            message = f"the stack of {target} is not up: clinical-gate stack up"
            raise TargetError(message)
        answers = Stack(run.open()).status()
    if as_json:
        click.echo(json.dumps(answers, indent=1))
    else:
        table = Table("service", "answers", box=None)
        for name, answer in answers.items():
            table.add_row(name, "[green]yes[/]" if answer else "[red]no[/]")
        Console().print(table)
    sys.exit(0 if all(answers.values()) else 1)


@main.group()
def target() -> None:
    """Target files: what a deployment is made of and how to reach it."""


@target.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check_target(file: Path) -> None:
    """Say whether FILE is complete and every part of it can be reached; exit 3 when some part cannot."""
    with _one_sentence():
        deployment = Deployment(read_target(file))
    table = Table("section", "state", "detail", box=None)
    states = deployment.reachability()
    for section, problem in states.items():
        table.add_row(section, "[green]reached[/]" if not problem else "[red]unknown[/]", problem)
    Console().print(table)
    sys.exit(3 if any(states.values()) else 0)


@main.group()
def checks() -> None:
    """The catalogue of checks."""


@checks.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_checks(as_json: bool) -> None:  # noqa: FBT001  click passes a flag as it is
    """Every check with its gate, severity and controls."""
    with _one_sentence():
        rules = catalogue()
    if as_json:
        rows = [
            {
                "id": r.id,
                "claim": r.claim,
                "gate": r.gate,
                "severity": r.severity,
                "controls": r.controls,
                "violations": [v.__name__.strip("_") for v in r.violations],
            }
            for r in rules
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    table = Table("check", "gate", "severity", "violations", "controls", box=None)
    for rule in rules:
        table.add_row(rule.id, rule.gate, rule.severity, str(len(rule.violations)), " ".join(rule.controls))
    Console().print(table)


@checks.command("show")
@click.argument("identity", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def show_check(identity: str, as_json: bool) -> None:  # noqa: FBT001  click passes a flag as it is
    """One check: its claim, controls, and the violations that it must catch."""
    with _one_sentence():
        rule = next((r for r in catalogue() if r.id == identity), None)
        if rule is None:
            close = ", ".join(r.id for r in catalogue() if identity.rsplit("/", maxsplit=1)[-1] in r.id)
            message = f"no check named {identity}" + (
                f"; did you mean {close}?" if close else ": clinical-gate checks list"
            )
            raise CatalogueError(message)
    cited = [controls()[c] for c in rule.controls]
    violations = [v.__name__.strip("_").replace("_", " ") for v in rule.violations]
    if as_json:
        click.echo(
            json.dumps(
                {
                    "id": rule.id,
                    "claim": rule.claim,
                    "gate": rule.gate,
                    "severity": rule.severity,
                    "controls": [{"id": c.id, "title": c.title, "crosswalk": c.crosswalk} for c in cited],
                    "violations": violations,
                },
                indent=1,
            )
        )
        return
    click.echo(f"{rule.id}  [{rule.gate}, {rule.severity}]\n")
    click.echo(textwrap.fill(rule.claim, 100) + "\n")
    for control in cited:
        also = f" (also {', '.join(control.crosswalk)})" if control.crosswalk else ""
        click.echo(f"  {control.citation}  {control.title}{also}")
    click.echo("\nmust fail on:")
    for violation in violations:
        click.echo(f"  {violation}")


@main.group()
def scan() -> None:
    """Look at one thing by itself, without a deployment."""


@scan.command("dp")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--epsilon", type=click.FloatRange(min=0, min_open=True), required=True, help="What one call claims.")
@click.option("--delta", type=click.FloatRange(0, 1, max_open=True), default=0.0, show_default=True)
@click.option("--samples", type=click.IntRange(min=100), default=500_000, show_default=True, help="Outputs per input.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
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
@click.option("--gaussian", is_flag=True, help="The noise is stated to be Gaussian: bound its mu as well.")
@click.option(
    "--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the bound against the outputs (.svg)."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def scan_dp(file: Path, plot: Path | None, *, as_json: bool, **asked: Any) -> None:  # noqa: ANN401  click's own types
    """Try to refute the differential privacy of the mechanism in FILE.

    FILE is Python and defines sample(values, size, rng): an array of numbers and a numpy Generator in, an array of size
    outputs back, shape (size,) or (size, d). It may define NEIGHBOURS = [(values, values'), ...].

    \b
    Exit codes: 0 not refuted, 1 refuted, 2 FILE cannot be audited or interrupted, 3 too few samples to decide.
    Example:    clinical-gate scan dp mechanism.py --epsilon 1 --delta 1e-6 --samples 1000000
    """  # noqa: D301  click reads a real backspace
    with _one_sentence():
        verdict = scan_mechanism(file, AuditRequest(**asked))
    if as_json:
        click.echo(privacy.as_json(verdict))
    else:
        privacy.print_verdict(verdict, Console())
    if plot:
        with _one_sentence():
            privacy.draw(verdict, plot)
    sys.exit({AuditOutcome.REFUTED: 1, AuditOutcome.NOT_REFUTED: 0, AuditOutcome.UNDECIDED: 3}[verdict.outcome])


main.add_command(load)
main.add_command(report)

if __name__ == "__main__":
    main()
