"""``clinical-gate report``: verify, show, open and list signed reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click
from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.policy import load_policy
from commands.approve import approve, say_signed_off
from commands.board import board_command
from commands.diff import diff
from commands.export import export
from loadtests.exit_codes import ExitCode
from reports import history
from reports.allure_report import build
from reports.document import policy_digest
from reports.keys import PUBLIC, load_public
from reports.records import RunKind, Verdict
from reports.refusals import UnreadableError, VerificationError
from reports.render.terminal import print_summary
from reports.verify import Expected, Verified, verify

_DEFAULT = Path("build/gate/latest")
_folder = click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=_DEFAULT)
_key = click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PUB",
    help="The signer's public key (PEM) that you got from the signer, not from the report.",
)
_history = click.option(
    "--history",
    "history_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Which reports there are; must exist when given. Default: history.jsonl beside the report's folder.",
)


@dataclass(frozen=True)
class _Trust:
    key: Path
    pinned: bool


@click.group()
def report() -> None:
    """Signed reports: verify, show, open and list them.

    Exit codes: 0 holds, 1 does not hold, 2 usage, unreadable input or interrupted, 3 unknown.
    """


report.add_command(approve)
report.add_command(board_command)
report.add_command(diff)
report.add_command(export)


@report.command(name="verify")
@_folder
@_key
@_history
@click.option("--kind", type=click.Choice(["gate", "drill"]), default="gate", show_default=True, help="Of the run.")
@click.option("--subject", default="", metavar="NAME", help="The target that it must be about.")
@click.option("--policy", default="", metavar="NAME", help="The policy that it must be judged by, or a .toml file.")
@click.option(
    "--signoff",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ask whether the board of this file has signed it off; key, target and policy are the file's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify_command(
    directory: Path,
    key: Path | None,
    history_file: Path | None,
    kind: RunKind,
    subject: str,
    policy: str,
    signoff: Path | None,
    *,
    as_json: bool,
) -> ExitCode:
    """Verify that a report is exactly what was signed, about what is asked, and the newest on its target.

    DIRECTORY is a report's folder (default: build/gate/latest). Exit code 3 means that signature and files hold, but
    the key is not pinned by --key, or there is no history that could say whether the report is the newest.

    \b
    Before a deployment:
      clinical-gate report verify --key signer.pub --subject "St. Jude" --policy st-jude.toml
      clinical-gate report verify --signoff board.toml
    """  # noqa: D301  click reads a real backspace
    if signoff is not None:
        if key or subject or policy:
            msg = "--signoff says whose key, which target and which policy: leave --key, --subject and --policy out"
            raise click.UsageError(msg)
        return say_signed_off(directory, signoff, history_file, as_json=as_json)
    trust = _trust(directory, key)
    expected = Expected(kind, subject, policy_digest(load_policy(policy)) if policy else "")
    try:
        found = verify(directory, load_public(trust.key), expected=expected, history_file=history_file)
    except VerificationError as problem:
        if as_json:
            click.echo(json.dumps({"holds": False, "reason": problem.refusal.value, "message": str(problem)}))
        else:
            click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}")
            _say_unpinned(trust)
        return ExitCode.DOES_NOT_HOLD
    if as_json:
        claim = found.statement.predicate
        click.echo(
            json.dumps(
                {
                    "holds": True,
                    "newest": found.newest,
                    "kind": claim.kind,
                    "key_pinned": trust.pinned,
                    "keyid": found.keyid,
                    "decision": claim.decision,
                    "score": claim.score,
                    "run_id": claim.run_id,
                    "sequence": claim.sequence,
                    "subject": {"name": found.statement.subject[0].name, "sha256": found.statement.subject_digest},
                }
            )
        )
    else:
        _say_verified(found, trust)
    return ExitCode.HOLDS if found.newest and trust.pinned else ExitCode.UNKNOWN


@report.command()
@_folder
@_key
@_history
def show(directory: Path, key: Path | None, history_file: Path | None) -> ExitCode:
    """Print the summary of a report, after verifying it."""
    trust = _trust(directory, key)
    try:
        found = verify(directory, load_public(trust.key), history_file=history_file)
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    command = f"clinical-gate report verify {directory} --key {key or 'PUB'}"
    print_summary(found.document, folder=directory, verify_command=command, trust=found.sentence(pinned=trust.pinned))
    return ExitCode.UNKNOWN if found.newest is None else ExitCode.HOLDS


@report.command(name="open")
@_folder
@click.option("--no-browser", is_flag=True, help="Only build the page and print where it is.")
def open_command(directory: Path, *, no_browser: bool) -> None:
    """Build the Allure page of a report and open it in the browser.

    The page is for reading: what is signed, and what to rely on, is the report that `show` prints.
    """
    console = Console(stderr=True, highlight=False)
    with console.status("Building the Allure page (the first time npx fetches Allure 3, some 20 s)"):
        page = build(directory)
    click.echo(str(page))
    if not no_browser:
        click.launch(page.resolve().as_uri())


@report.command(name="history")
@click.argument("file", type=click.Path(path_type=Path), default=Path("build/gate") / history.HISTORY)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def history_command(file: Path, *, as_json: bool) -> ExitCode:
    """List the reports that a history knows, oldest first. FILE is a history, or the folder that holds it."""
    path = file / history.HISTORY if file.is_dir() else file
    if not path.exists():
        msg = f"there is no history at {path}: no report has been published there"
        raise UnreadableError(msg)
    try:
        entries = history.read(path)
    except VerificationError as problem:
        if not _is_history(path):
            msg = f"{path} is no history of reports: its first line is no entry of one"
            raise UnreadableError(msg) from problem
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    if not entries:
        msg = f"the history {path} is empty: no report has been published there"
        raise UnreadableError(msg)
    if as_json:
        for entry in entries:
            click.echo(entry.encode().decode(), nl=False)
        return ExitCode.HOLDS
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Ended (UTC)", "Run", "Target", "No.", "Score", "Decision"):
        table.add_column(title, justify="right" if title in ("No.", "Score") else "left", overflow="fold")
    styles = {Verdict.APPROVED: "green", Verdict.CONDITIONAL: "yellow", Verdict.REJECTED: "red"}
    for entry in entries:
        table.add_row(
            f"{entry.ended:%Y-%m-%d %H:%M}",
            escape(entry.run_id),
            escape(f"{entry.subject} {entry.subject_digest[:8]}"),
            str(entry.sequence),
            f"{entry.score:.1f}",
            entry.decision.value,
            style=styles[entry.decision],
        )
    Console(highlight=False).print(table)
    return ExitCode.HOLDS


def _is_history(path: Path) -> bool:
    """Whether it was one: what was altered still begins as one, what is something else does not."""
    try:
        with path.open("rb") as content:
            history.HistoryEntry.model_validate_json(content.readline())
    except (OSError, ValidationError):
        return False
    return True


def _trust(directory: Path, key: Path | None) -> _Trust:
    if key:
        return _Trust(key, pinned=True)
    folder = directory.resolve()
    if not folder.is_dir():
        msg = f"there is no folder {directory}; run the gate first, or give the folder of a report"
        raise UnreadableError(msg)
    own = folder.parent.parent / "keys" / PUBLIC
    for candidate in (own, folder / PUBLIC):
        if candidate.exists():
            return _Trust(candidate, pinned=False)
    msg = f"there is no public key for {directory}: give the signer's with --key PUB"
    raise UnreadableError(msg)


def _say_verified(found: Verified, trust: _Trust) -> None:
    claim = found.statement.predicate
    if not found.newest:
        click.echo("UNKNOWN whether it is the newest report; signature and files hold")
    else:
        click.echo("HOLDS" if trust.pinned else "UNKNOWN whose key it is; signature and files hold")
    subject = found.statement.subject[0].name
    click.echo(f"{claim.kind} of {subject}: {claim.decision.value}, score {claim.score:.1f}, run {claim.run_id}")
    click.echo(found.sentence(pinned=trust.pinned))
    if found.newest is None:
        click.echo("There is no history beside the report: give one with --history FILE.")
    _say_unpinned(trust)


def _say_unpinned(trust: _Trust) -> None:
    if not trust.pinned:
        click.echo(
            f"The key is not pinned: it was taken from {trust.key}, where whoever altered the report could have put "
            "another. Get the signer's public key from the signer and give it with --key PUB."
        )
