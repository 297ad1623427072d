"""``clinical-gate load``: send one profile's load to a deployment and say whether it holds the policy's limits."""

from __future__ import annotations

import itertools
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console

from checks.autoscaler import Autoscaling
from checks.policy import Policy, PolicyError, load_policy
from checks.targets import Load
from commands import show_capacity, show_load
from commands.numbers import Finite
from commands.stack import DEFAULT_TARGET
from fixtures.deployment.destination import endpoint
from fixtures.deployment.target_file import read_target
from fixtures.targets.load.capacity import CapacityRequest, find_capacity
from fixtures.targets.load.target import client_host, join_leader, load_spec, send
from loadtests.capacity import autoscaling
from loadtests.capacity.search import CapacityStep, Judgement, SearchTerms, judged
from loadtests.exit_codes import ExitCode
from loadtests.generator.spec import LoadSpec
from loadtests.progress import shown
from loadtests.schedules.profiles import Profile, load_profile, profile_names
from reports.render.load.files import write_pictures
from runner.load_judge import judge_load

_SEED_BITS = 31
_MOST_PROCESSES = 256
_PER_CORE = 4


@dataclass(frozen=True)
class LoadOptions:
    """What the command line asked for: the options of `load`, by their names."""

    target: Path
    profile: str | None
    users: int | None
    seconds: float | None
    rate: float | None
    arrivals: str | None
    policy: str
    seed: int | None
    processes: int | None
    master: str | None
    workers: int | None
    worker: str | None
    find_capacity: bool
    within: float
    autoscale: float | None
    output: Path | None
    as_json: bool


@click.command()
@click.option(
    "--target",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_TARGET,
    show_default=True,
    help="Load goes to the address that this target file lists, and nowhere else.",
)
@click.option(
    "--profile", metavar="NAME", help=f"{', '.join(profile_names())}, or your own: FILE.toml or FILE.toml:NAME."
)
@click.option("--users", type=int, help="In place of the profile's.")
@click.option("--seconds", type=float, help="Measured seconds, in place of the profile's.")
@click.option("--rate", type=float, help="Requests/s of all users together; they think more, or less.")
@click.option(
    "--arrivals",
    type=click.Choice(["poisson", "constant", "closed"]),
    help="In place of the profile's, mostly poisson.",
)
@click.option("--policy", default="default", show_default=True, help="Whose limits it must hold.")
@click.option("--seed", type=click.IntRange(min=0), help="Of the arrival times; random unless given, and reported.")
@click.option("--processes", type=click.IntRange(1, _MOST_PROCESSES), help="How many of this machine send it.")
@click.option("--master", metavar="HOST:PORT", help="Wait there for workers of other machines, which send it.")
@click.option("--workers", type=click.IntRange(1, _MOST_PROCESSES), help="How many, with --master.")
@click.option("--worker", metavar="HOST:PORT", help="Be a worker of the leader there. Goes with --target only.")
@click.option("--find-capacity", is_flag=True, help="Search for the highest rate that holds, and what is full first.")
@click.option("--within", type=Finite(min=30), default=900.0, show_default=True, help="Seconds for such a search.")
@click.option(
    "--autoscale",
    type=Finite(min=0, min_open=True),
    metavar="RATE",
    help="Also say how the policy's autoscaler would have followed, with replicas that carry RATE requests/s each.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Write the record and its pictures here."
)
@click.option("--json", "as_json", is_flag=True, help="The record with its histograms, and the results.")
@click.pass_context
def load(context: click.Context, /, **asked: Any) -> ExitCode:  # noqa: ANN401  click's own types
    """Send a profile's load to a deployment, and judge it by a policy's limits.

    Every user has a schedule that is drawn beforehand, and latency counts from the moment a user meant to ask: a server
    that stalls cannot hide it.

    \b
    Examples:
      clinical-gate load --profile smoke
      clinical-gate load --target mine.toml --profile gate --users 40 --seconds 120 --output build/load
      clinical-gate load --profile mine.toml:night --rate 50 --arrivals constant --seed 7 --json
      clinical-gate load --profile gate --find-capacity
    \b
    Over several machines, each with its own copy of the target file (docs/SCALING.md):
      clinical-gate load --target mine.toml --profile ramp --master 10.0.0.5:5557 --workers 2
      clinical-gate load --target mine.toml --worker 10.0.0.5:5557        (on each of the two)
    \b
    Exit codes: 0 holds, 1 does not, 2 nothing could be sent, or interrupted,
    3 cannot be said (cut short, too few samples).
    """  # noqa: D301  click reads a real backspace
    options = LoadOptions(**asked)
    if options.worker:
        given = {each for each in context.params if context.get_parameter_source(each) is ParameterSource.COMMANDLINE}
        if given - {"worker", "target"}:
            message = "a worker is told by its leader what to send: --worker goes with --target only"
            raise click.UsageError(message)
        return _work(options.target, options.worker)
    _refuse_contradictions(options)
    policy = load_policy(options.policy)
    profile = _profile(options)
    seed = secrets.randbits(_SEED_BITS) if options.seed is None else options.seed
    processes = _processes(options, profile)
    if options.find_capacity:
        return _find(options, policy, profile, seed, processes)
    return _measure(options, policy, profile, seed, processes)


def _refuse_contradictions(options: LoadOptions) -> None:
    if options.profile is None:
        message = "say what to send, e.g. --profile smoke"
        raise click.UsageError(message)
    if options.find_capacity and (options.seconds or options.master or options.output or options.autoscale):
        message = (
            "--find-capacity says itself how long a load lasts: no --seconds, --master, --output, --autoscale with it"
        )
        raise click.UsageError(message)
    if (options.master is None) != (options.workers is None) or (options.master and options.processes):
        message = "--master goes with --workers, how many it waits for; --processes is for those of one machine"
        raise click.UsageError(message)


def _profile(options: LoadOptions) -> Profile:
    profile = load_profile(options.profile or "").changed(
        users=options.users, seconds=options.seconds, arrivals=options.arrivals
    )
    return profile if options.rate is None else profile.at_rate(options.rate)


def _processes(options: LoadOptions, profile: Profile) -> int:
    count = options.workers or options.processes or 1
    if count > profile.users:
        message = f"{count} processes cannot share {profile.users} users: each plays at least one"
        raise click.UsageError(message)
    if options.processes and options.processes > (most := _PER_CORE * (os.cpu_count() or 1)):
        message = (
            f"{options.processes} processes would wait for one another here: each can fill a core, so at most {most} "
            "make sense"
        )
        raise click.UsageError(message)
    return count


def _measure(options: LoadOptions, policy: Policy, profile: Profile, seed: int, processes: int) -> ExitCode:
    rule = _autoscaling(policy) if options.autoscale else None
    target = read_target(options.target)
    listen = endpoint("--master", options.master) if options.master else ""
    promised = policy.performance
    spec = load_spec(
        target,
        profile,
        seed,
        promised.objectives(),
        promised_users=promised.users,
        processes=processes,
        listen=listen,
    )
    spec.assignments()  # what is refused is refused before anything is said, or written
    if options.output:
        _make(options.output)
    with client_host(target) as host, shown(Console(stderr=True), _plan(spec)) as on_progress:
        record = send(host, spec, on_progress)
    if not record.complete and not record.opened_ns:
        message = f"{record.problem}; no load was sent"
        raise click.ClickException(message)
    return _say(options, policy, rule, record, spec.place)


def _plan(spec: LoadSpec) -> str:
    profile = spec.profile
    return f"load: {profile.users} users, {profile.arrival}, {profile.seconds:g} s, to {spec.place}"


def _say(options: LoadOptions, policy: Policy, rule: Autoscaling | None, record: Load, place: str) -> ExitCode:
    results = judge_load(record, policy)
    if options.as_json:
        click.echo(show_load.as_json(record, results))
    else:
        show_load.show(record, results, place, Console())
    if rule and options.autoscale and record.complete:
        click.echo(autoscaling.describe(autoscaling.simulate(record, rule, options.autoscale)), err=options.as_json)
    if options.output:
        write_pictures(record, options.output)
        click.echo(f"the record and its pictures are in {options.output}", err=True)
    return show_load.exit_code(record, results)


def _autoscaling(policy: Policy) -> Autoscaling:
    if policy.autoscaling is None:
        message = f"policy {policy.name} has no [autoscaling] rule to simulate"
        raise PolicyError(message)
    return policy.autoscaling


def _find(options: LoadOptions, policy: Policy, profile: Profile, seed: int, processes: int) -> ExitCode:
    screen, numbers = Console(stderr=True), itertools.count(1)
    limits = policy.performance
    terms = SearchTerms(budget_s=options.within)
    terms = replace(terms, first=options.rate) if options.rate else terms
    request = CapacityRequest(
        profile, terms, seed, limits.objectives(), generator_limit=limits.generator_cpu_limit, processes=processes
    )
    target = read_target(options.target)

    def judge(record: Load) -> Judgement:
        return judged(judge_load(record, policy))

    def say(step: CapacityStep) -> None:
        line = show_capacity.step_line(next(numbers), step)
        screen.print(line, soft_wrap=True, markup=False, highlight=False)

    with shown(screen, "load: looking for the highest rate that holds") as on_progress:
        found = find_capacity(target, request, judge, on_step=say, on_progress=on_progress)
    if options.as_json:
        click.echo(show_capacity.as_json(found))
    else:
        show_capacity.show(found, Console())
    return show_capacity.exit_code(found)


def _work(path: Path, leader: str) -> ExitCode:
    target, there = read_target(path), endpoint("--worker", leader)
    with shown(Console(stderr=True), f"load: a worker of {leader}") as on_progress:
        share = join_leader(target, there, on_progress)
    if share.problem:
        message = f"{share.problem}{f'; {show_load.played(share)}' if share.requests else ''}"
        if not share.requests:
            raise click.ClickException(message)
        click.echo(f"clinical-gate: {message}", err=True)
        return ExitCode.UNKNOWN
    click.echo(show_load.played(share))
    return ExitCode.HOLDS


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        message = f"cannot write to {folder}: {problem.strerror}"
        raise click.ClickException(message) from problem
