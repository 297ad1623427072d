"""``clinical-gate target``: what a deployment is made of, and whether it can be reached."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.model import plain
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.reachability import reachability
from fixtures.deployment.target_file import read_target
from loadtests.exit_codes import ExitCode


@click.group()
def target() -> None:
    """Target files: what a deployment is made of and how to reach it."""


@target.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> ExitCode:
    """Say whether FILE is complete and every part of it can be reached; exit 3 when some part cannot."""
    deployment = Deployment(read_target(file))
    deployment.open_adapter()
    states = reachability(deployment)
    table = Table("section", "state", "detail", box=None)
    for section, problem in states.items():
        table.add_row(section, "[green]reached[/]" if not problem else "[red]unknown[/]", escape(plain(problem)))
    Console().print(table)
    return ExitCode.UNKNOWN if any(states.values()) else ExitCode.HOLDS
