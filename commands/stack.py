"""``clinical-gate stack``: a reference stack that stays until it is taken down."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from fixtures.deployment.opening import refuse_other_than_gguf
from fixtures.deployment.target_file import TargetError, read_target, write_target
from fixtures.progress import ServiceProgress
from fixtures.stack import runs
from fixtures.stack.description import describe
from fixtures.stack.topology import Stack
from loadtests.exit_codes import ExitCode

DEFAULT_TARGET = Path("build/stack/target.toml")
DEFAULT_PROJECT = Path("build/compose")
_target = click.option(
    "--target",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_TARGET,
    show_default=True,
    help="The stack's target file; another path makes another stack.",
)


@click.group()
def stack() -> None:
    """A reference stack that stays up until you take it down."""


@stack.command()
@_target
@click.option("--driver", type=click.Choice(runs.STACK_DRIVERS), default=None, help="Default: namespace as root.")
@click.option(
    "--model", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Serve this GGUF, not random weights."
)
def up(target: Path, driver: str | None, model: Path | None) -> None:
    """Start every service, show its progress, and write the target file."""
    _refuse_taken(target)
    if model:
        refuse_other_than_gguf(model)
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
    seconds = time.monotonic() - began
    click.echo(f"stack {run.id} is up after {seconds:.1f} s; gate it with: pytest -m gate --target {target}")


def _refuse_taken(target: Path) -> None:
    """Say now what would be found out when the stack is up, and its target file is to be written."""
    if target.exists() and (old := read_target(target).run) and runs.find(old):
        message = f"stack {old} is up; take it down first (clinical-gate stack down), or give another --target"
        raise TargetError(message)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(target.parent, os.W_OK) or (target.is_symlink() and not target.exists()):
        message = f"target file {target} cannot be written: give another --target"
        raise TargetError(message)


@stack.command()
@click.argument("output", metavar="[FOLDER]", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_PROJECT)
def compose(output: Path) -> None:
    """Write the stack as a Compose project to FOLDER, build/compose unless told; nothing is started.

    \b
      clinical-gate image build                              # the image of every container
      clinical-gate stack compose
      docker compose --project-directory build/compose up --detach
      pytest -m gate --target build/compose/target.toml
      docker compose --project-directory build/compose down

    The folder stays where it was written. Once it ran, accounts of the image own its files: to remove it takes root, or
    a container that is.

    \b
      docker run --rm --volume "$PWD/build:/build" debian rm -rf /build/compose
    """  # noqa: D301  click reads a real backspace
    from fixtures.stack.compose.project import draft_project  # noqa: PLC0415  half a second that no other command needs

    if output.exists() and any(output.iterdir()):
        message = f"{output} is not empty: take down what runs from it, remove it, or give another folder"
        raise TargetError(message)
    try:
        output.mkdir(parents=True, exist_ok=True)
        written = draft_project(output).write()
    except OSError as problem:
        message = f"the project cannot be written to {output}: {problem.strerror or problem}"
        raise TargetError(message) from problem
    click.echo(f"wrote {written}; start it with: docker compose --project-directory {output} up --detach")


@stack.command()
@_target
@click.option("--all", "everything", is_flag=True, help="Every stack of this machine, also one without a target file.")
def down(target: Path, *, everything: bool) -> None:
    """Stop every service and remove every process, namespace and file of the stack."""
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
@_target
@click.option("--json", "as_json", is_flag=True, help="Service -> whether it answers.")
def status(target: Path, *, as_json: bool) -> ExitCode:
    """Ask every service whether it answers; exit 1 when one does not."""
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
    return ExitCode.HOLDS if all(answers.values()) else ExitCode.DOES_NOT_HOLD
