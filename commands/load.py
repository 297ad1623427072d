"""``clinical-gate load``: send one profile's load to a deployment and say whether it holds the policy's limits.

This room knows neither target files nor checks. What does is handed in: the group that this command is added to sets
``context.obj`` to a `Seam`.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource
from rich.console import Console

from checks.model import Result
from checks.targets import Load
from commands import show_capacity
from commands.show_load import as_json, exit_code, played, show
from loadtests.capacity.search import Capacity, CapacityStep, CapacityTrial, JudgeLoad, SearchTerms, judged
from loadtests.generator.spec import Progress, Share, SpecError
from loadtests.progress import shown
from loadtests.schedules.profiles import Profile, ProfileError, load_profile, profile_names

_SEED_BITS = 31
_MOST_PROCESSES = 256
_PER_CORE = 4
OnProgress = Callable[[Progress], None]
Judge = Callable[[Load], tuple[Result, ...]]


@dataclass(frozen=True)
class Order:
    """A load that somebody wants sent.

    Args:
        policy: name of the policy, which says what a good request keeps.
        processes: how many send it: of this machine, or with ``master``, the ``host:port`` where they report, of
            others.
    """

    profile: Profile
    seed: int
    policy: str
    processes: int
    master: str


@dataclass(frozen=True)
class SearchProgress:
    """Who is told how a search stands: before each step (its number), after it, and in between."""

    on_trial: Callable[[int, CapacityTrial], None]
    on_step: Callable[[CapacityStep], None]
    on_progress: OnProgress


@dataclass(frozen=True)
class Prepared:
    """A load that can be sent: its profile as the target takes it, the address that it goes to, and what sends it."""

    profile: Profile
    address: str
    send: Callable[[OnProgress], Load]


@dataclass(frozen=True)
class Seam:
    """What the command needs from other rooms. Each exits with 2 and one sentence on what can be mended.

    Args:
        prepare: (target file, order) -> the load; may raise `loadtests.generator.spec.SpecError`.
        judge_by: policy name -> a function from the record to the performance checks' results.
        join: (target file, the leader's ``host:port``) -> what plays a worker's part.
        draw: writes the record and its pictures to a folder.
        search: (target file, order, terms, judge, what is told of it) -> the highest rate that holds.
        scale: (policy name) -> what says how the policy's autoscaler would follow a record, given what a replica
            carries.
    """

    prepare: Callable[[Path, Order], Prepared]
    judge_by: Callable[[str], Judge]
    join: Callable[[Path, str], Callable[[OnProgress], Share]]
    draw: Callable[[Load, Path], Sequence[Path]]
    search: Callable[[Path, Order, SearchTerms, JudgeLoad, SearchProgress], Capacity]
    scale: Callable[[str], Callable[[Load, float], str]]


class _OneSentence(click.Command):
    """Says what is wrong with an option in one sentence, as of everything else that can be mended."""

    def make_context(self, *given: Any, **options: Any) -> click.Context:  # noqa: ANN401  click's own signature
        """See `click.Command.make_context`."""
        try:
            return super().make_context(*given, **options)
        except click.UsageError as problem:
            _stop(f"{problem.format_message().rstrip('.?')}; clinical-gate load --help has examples")


@click.command(cls=_OneSentence)
@click.option(
    "--target",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("build/stack/target.toml"),
    show_default=True,
    help="Load goes to the address that this target file lists, and nowhere else.",
)
@click.option(
    "--profile", "name", metavar="NAME", help=f"{', '.join(profile_names())}, or your own: FILE.toml or FILE.toml:NAME."
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
@click.option(
    "--worker", "leader", metavar="HOST:PORT", help="Be a worker of the leader there. Goes with --target only."
)
@click.option(
    "--find-capacity", "find", is_flag=True, help="Search for the highest rate that holds, and what is full first."
)
@click.option(
    "--within", type=click.FloatRange(min=30), default=900.0, show_default=True, help="Seconds for such a search."
)
@click.option(
    "--autoscale",
    type=click.FloatRange(min=0, min_open=True),
    metavar="RATE",
    help="Also say how the policy's autoscaler would have followed, with replicas that carry RATE requests/s each.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Write the record and its pictures here."
)
@click.option("--json", "as_text", is_flag=True, help="The record with its histograms, and the results.")
@click.pass_context
def load(context: click.Context, /, *, leader: str | None, target: Path, **asked: Any) -> None:  # noqa: ANN401  click's own
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
    Exit codes: 0 holds, 1 does not, 2 nothing could be sent, or interrupted, 3 cannot be said (cut short, too few samples).
    """  # noqa: D301  click reads a real backspace
    seam = context.find_object(Seam)
    if seam is None:
        message = "the load command is not wired: set context.obj to a commands.load.Seam"
        raise RuntimeError(message)
    with _interruptible():
        try:
            code = _work(context, seam, target, leader) if leader else _lead(seam, target, **asked)
        except (ProfileError, SpecError) as problem:
            _stop(str(problem))
    sys.exit(code)


def _lead(
    seam: Seam,
    target: Path,
    *,
    name: str | None,
    users: int | None,
    seconds: float | None,
    rate: float | None,
    arrivals: str | None,
    policy: str,
    seed: int | None,
    processes: int | None,
    master: str | None,
    workers: int | None,
    output: Path | None,
    as_text: bool,
    find: bool,
    within: float,
    autoscale: float | None,
) -> int:
    if name is None:
        _stop("say what to send, e.g. --profile smoke; clinical-gate load --help has examples")
    if find and (seconds or master or output or autoscale):
        _stop(
            "--find-capacity says itself how long a load lasts: no --seconds, --master, --output, --autoscale with it"
        )
    judge, scale = seam.judge_by(policy), seam.scale(policy) if autoscale else None
    profile = load_profile(name).changed(users=users, seconds=seconds, arrivals=arrivals)
    profile = profile if rate is None else profile.at_rate(rate)
    count = _processes(profile, processes, master, workers)
    drawn = secrets.randbits(_SEED_BITS) if seed is None else seed
    order = Order(profile, drawn, policy, count, master or "")
    if find:
        terms = SearchTerms(first=rate, budget_s=within) if rate else SearchTerms(budget_s=within)
        return _find(seam, target, order, judge, terms, as_text=as_text)
    record, address = _send(seam, target, order, output)
    results = judge(record)
    if as_text:
        click.echo(as_json(record, results))
    else:
        show(record, results, address, Console())
    if scale and autoscale and record.complete:
        click.echo(scale(record, autoscale), err=as_text)
    if output:
        seam.draw(record, output)
        click.echo(f"the record and its pictures are in {output}", err=True)
    return exit_code(record, results)


def _processes(profile: Profile, processes: int | None, master: str | None, workers: int | None) -> int:
    if (master is None) != (workers is None) or (master and processes):
        _stop("--master goes with --workers, how many it waits for; --processes is for those of one machine")
    count = workers or processes or 1
    if count > profile.users:
        _stop(f"{count} processes cannot share {profile.users} users: each plays at least one")
    if processes and processes > (most := _PER_CORE * (os.cpu_count() or 1)):
        _stop(
            f"{processes} processes would wait for one another here: each can fill a core, so at most {most} make sense"
        )
    return count


def _send(seam: Seam, target: Path, order: Order, output: Path | None) -> tuple[Load, str]:
    ready = seam.prepare(target, order)
    if output:
        _make(output)
    plan = (
        f"load: {ready.profile.users} users, {ready.profile.arrival}, {ready.profile.seconds:g} s, to {ready.address}"
    )
    with shown(Console(stderr=True), plan) as on_progress:
        record = ready.send(on_progress)
    if not record.complete and not record.opened_ns:
        _stop(f"{record.problem}; no load was sent")
    return record, ready.address


def _find(seam: Seam, target: Path, order: Order, judge: Judge, terms: SearchTerms, *, as_text: bool) -> int:
    screen = Console(stderr=True)
    steps: list[CapacityStep] = []

    def said(step: CapacityStep) -> None:
        steps.append(step)
        screen.print(show_capacity.step_line(len(steps), step), soft_wrap=True, markup=False, highlight=False)

    with shown(screen, "load: looking for the highest rate that holds") as on_progress:
        told = SearchProgress(on_trial=lambda *_: None, on_step=said, on_progress=on_progress)
        found = seam.search(target, order, terms, lambda record: judged(judge(record)), told)
    if as_text:
        click.echo(show_capacity.as_json(found))
    else:
        show_capacity.show(found, Console())
    return show_capacity.exit_code(found)


def _work(context: click.Context, seam: Seam, target: Path, leader: str) -> int:
    given = {each for each in context.params if context.get_parameter_source(each) is ParameterSource.COMMANDLINE}
    if given - {"leader", "target"}:
        _stop("a worker is told by its leader what to send: --worker goes with --target only")
    join = seam.join(target, leader)
    with shown(Console(stderr=True), f"load: a worker of {leader}") as on_progress:
        share = join(on_progress)
    if share.problem:
        click.echo(f"clinical-gate: {share.problem}{f'; {played(share)}' if share.requests else ''}", err=True)
        return 3 if share.requests else 2
    click.echo(played(share))
    return 0


@contextmanager
def _interruptible() -> Iterator[None]:
    """End with one sentence and 2 on Ctrl-C; and likewise on SIGTERM, by which containers are stopped."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        _stop("interrupted")
    finally:
        signal.signal(signal.SIGTERM, before)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        _stop(f"cannot write to {folder}: {problem.strerror}")


def _stop(sentence: str) -> NoReturn:
    click.echo(f"clinical-gate: {sentence}", err=True)
    sys.exit(2)
