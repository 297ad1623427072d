"""``clinical-gate report history``: the runs that a history or a register knows, and its head for a log elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.report_nights import NightlyOptions, say_nights
from fixtures.stack.runs import register_directory
from loadtests.exit_codes import ExitCode
from reports import history
from reports.clock import clock_faults
from reports.head import Head, read_head
from reports.history import Entry, RunStarted, UnsignedEntry
from reports.keys import load_public
from reports.nightly import NightlyTerms
from reports.records import Verdict
from reports.refusals import UnreadableError, VerificationError
from reports.run_log import is_running

_STYLES = {Verdict.APPROVED: "green", Verdict.CONDITIONAL: "yellow", Verdict.REJECTED: "red"}


@dataclass(frozen=True)
class HistoryOptions:
    """What was asked."""

    file: Path
    key: Path | None
    print_head: bool
    since: str
    as_json: bool
    nightly: bool
    every_hours: float
    tolerance: float
    prometheus: Path | None

    def misuse(self) -> str:
        """Which options do not go together; empty where all do."""
        if self.since and not self.print_head:
            return "--since goes with --head"
        if self.nightly and self.key is None:
            return "--nightly needs the signer's public key: --key PUB"
        if self.prometheus and not self.nightly:
            return "--prometheus goes with --nightly"
        return ""


@click.command(name="history")
@click.argument("file", type=click.Path(path_type=Path), default=Path("build/gate") / history.HISTORY)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PUB",
    help="Hold the lines of this signer against its public key.",
)
@click.option("--head", "print_head", is_flag=True, help="Print size and root of its hash tree, to keep elsewhere.")
@click.option("--since", default="", metavar="HEAD", help="With --head: prove that it extends this older one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--nightly",
    is_flag=True,
    help="Judge the newest night of each target: 1 when it is missing, red or worse. Takes --key.",
)
@click.option(
    "--every-hours",
    type=click.FloatRange(min=0, min_open=True),
    default=26.0,
    show_default=True,
    help="How old the newest night may be.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=25.0,
    show_default=True,
    help="By how many percent a time may exceed the median of the ten nights before.",
)
@click.option(
    "--prometheus", type=click.Path(path_type=Path, dir_okay=False), help="Also write a file for a textfile collector."
)
def history_command(**asked: Any) -> ExitCode:  # noqa: ANN401  click's own types
    """List the runs that a history knows, oldest first. FILE is a history, the folder that holds it, or a register.

    A run that was begun and has no report is ABORTED, unless it still goes on here.

    \b
    Keep the head where the operator cannot write, e.g. after each run:
      clinical-gate report history --head > /mnt/elsewhere/head.json
    After a night's drill, or when there should have been one:
      clinical-gate report history build/drill --nightly --key signer.pub --prometheus /var/lib/node_exporter/night.prom
    """  # noqa: D301  click reads a real backspace
    options = HistoryOptions(**asked)
    if wrong := options.misuse():
        raise click.UsageError(wrong)
    file, key = options.file, options.key
    path = file / history.HISTORY if file.is_dir() else file
    if not path.exists():
        msg = f"there is no history at {path}: no report has been published there"
        raise UnreadableError(msg)
    public = load_public(key) if key else None
    try:
        entries = history.read(path)
        if public is not None:
            history.check_signatures(entries, public, path)
        head = Head.of(path, read_head(options.since) if options.since else None)
    except VerificationError as problem:
        if not _is_history(path):
            msg = f"{path} is no history of reports: its first line is no entry of one"
            raise UnreadableError(msg) from problem
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    if not entries:
        msg = f"the history {path} is empty: no report has been published there"
        raise UnreadableError(msg)
    if public is not None and options.nightly:
        terms = NightlyTerms(every=timedelta(hours=options.every_hours), tolerance=options.tolerance / 100)
        return say_nights(entries, NightlyOptions(path.parent, public, terms, options.prometheus))
    _say(entries, head, options)
    return ExitCode.HOLDS


def _say(entries: tuple[Entry, ...], head: Head, options: HistoryOptions) -> None:
    if options.print_head:
        click.echo(head.encode())
    elif options.as_json:
        for entry in entries:
            click.echo(entry.encode().decode(), nl=False)
    else:
        _print(entries)


@click.command()
@click.argument("older")
@click.argument("newer")
def extends(older: str, newer: str) -> ExitCode:
    """Say whether one head of a history proves that it only added to an older one, without the history.

    OLDER is a head, or SIZE:ROOT; NEWER is one that was printed with --since OLDER.
    """
    if read_head(newer).extends(read_head(older)):
        click.echo("HOLDS: the newer history begins with the older one")
        return ExitCode.HOLDS
    click.echo("DOES NOT HOLD: the newer head does not prove that its history begins with the older one")
    return ExitCode.DOES_NOT_HOLD


def _print(entries: tuple[Entry, ...]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Ended (UTC)", "Run", "Target", "No.", "Score", "Decision"):
        table.add_column(title, justify="right" if title in ("No.", "Score") else "left", overflow="fold")
    open_runs = {start.run_id for start in history.without_end(entries)}
    for entry in entries:
        if isinstance(entry, RunStarted):
            if entry.run_id in open_runs:
                running = is_running(register_directory(), entry.run_id)
                begun = f"begun {entry.at:%Y-%m-%d %H:%M}"
                what = "RUNNING" if running else "ABORTED"
                table.add_row(begun, escape(entry.run_id), escape(entry.subject), "", "", what, style="bold yellow")
            continue
        table.add_row(
            f"{entry.ended:%Y-%m-%d %H:%M}",
            escape(entry.run_id),
            escape(f"{entry.subject} {entry.subject_digest[:8]}"),
            str(entry.sequence),
            f"{entry.score:.1f}",
            f"{entry.decision}{' (unsigned)' if isinstance(entry, UnsignedEntry) else ''}",
            style=_STYLES[entry.decision],
        )
    console = Console(highlight=False)
    console.print(table)
    for fault in clock_faults(entry for entry in entries if not isinstance(entry, UnsignedEntry)):
        console.print(fault, markup=False, soft_wrap=True)


def _is_history(path: Path) -> bool:
    """Whether it was one: what was altered still begins as one, what is something else does not."""
    try:
        with path.open("rb") as content:
            return history.is_entry(content.readline())
    except OSError:
        return False
