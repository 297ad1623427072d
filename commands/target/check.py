"""``clinical-gate target check``: is it complete, can it be reached, and what can it answer?"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.catalogue import catalogue
from checks.model import plain
from checks.policy import load_policy
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.faults import faults_of
from fixtures.deployment.reachability import Reached, reachability
from fixtures.deployment.site import LoadOrder
from fixtures.deployment.target_file import read_target
from fixtures.dry_run.outlook import Outlook, Prospect, outlooks
from loadtests.exit_codes import ExitCode
from loadtests.schedules.profiles import load_profile

_WIDTH = 118
_HEADS = {
    Prospect.ANSWERS: "can answer:",
    Prospect.WANTS: "would answer, if the files said more:",
    Prospect.CANNOT: "cannot answer here:",
    Prospect.DOES_NOT_APPLY: "do not apply:",
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--policy", "policy_name", default="default", metavar="NAME", help="Whose thresholds: a name or a file.")
@click.option("--load-profile", "profile", default="gate", metavar="NAME", help="The load that a gate would send.")
def check(file: Path, policy_name: str, profile: str) -> ExitCode:
    """Say what is wrong with FILE, whether every part of it can be reached, and which checks it lets answer.

    Every account logs in and every connection is opened; nothing is written. Exit 2 when a file is faulty (all faults
    are listed), 3 when a part cannot be reached.
    """
    policy = load_policy(policy_name)
    promised = policy.performance
    order = LoadOrder(load_profile(profile), promised.objectives(), promised_users=promised.users)
    if faults := faults_of(file):
        for fault in faults:
            click.echo(f"clinical-gate: {plain(fault)}", err=True)
        return ExitCode.STOPPED
    with closing(Deployment(read_target(file), order)) as deployment:
        deployment.open_adapter()
        states = reachability(deployment)
        seen = outlooks(catalogue(), deployment, policy)
    Console().print(_states(states))
    if missing := [name for name, state in states.items() if not state.declared]:
        click.echo(f" not declared: {', '.join(missing)}")
    click.echo()
    _say("checks", [each for each in seen if not each.rule.drills_only])
    _say("checks that only drills make", [each for each in seen if each.rule.drills_only])
    unreached = any(state.declared and state.problem for state in states.values())
    return ExitCode.UNKNOWN if unreached else ExitCode.HOLDS


def _say(what: str, seen: Sequence[Outlook]) -> None:
    for verdict in Prospect:
        if those := [each for each in seen if each.verdict is verdict]:
            click.echo(f"{len(those)} of {len(seen)} {what} {_HEADS[verdict]}")
            click.echo("\n".join(_answering(those) if verdict is Prospect.ANSWERS else _by_reason(those)) + "\n")


def _states(states: Mapping[str, Reached]) -> Table:
    table = Table("section", "state", "detail", box=None)
    for section, state in states.items():
        if state.declared:
            table.add_row(
                section, "[red]unknown[/]" if state.problem else "[green]reached[/]", escape(plain(state.problem))
            )
    return table


def _answering(those: Iterable[Outlook]) -> Iterator[str]:
    """A line for each room."""
    rooms: dict[str, list[str]] = {}
    for each in those:
        room, _, name = each.rule.id.partition("/")
        rooms.setdefault(room, []).append(name)
    for room, names in rooms.items():
        yield _wrapped(f"{room}: {', '.join(names)}", "  ")


def _by_reason(those: Iterable[Outlook]) -> Iterator[str]:
    """A line for each reason, which stands once however many checks it keeps from answering, and whom it keeps."""
    reasons: dict[str, list[str]] = {}
    for each in those:
        reasons.setdefault(each.reason, []).append(each.rule.id)
    for reason, ids in sorted(reasons.items(), key=lambda row: -len(row[1])):
        yield _wrapped(f"{len(ids):3} {plain(reason)}", "  ")
        yield _wrapped(", ".join(ids), "      ")


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ", break_on_hyphens=False)
