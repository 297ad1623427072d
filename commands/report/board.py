"""``clinical-gate report board``: the page that the board reads, prints and signs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from checks.policy import Policy
from commands.report.signer import (
    REPORT_FOLDER,
    SignerOptions,
    folder_argument,
    history_option,
    key_option,
    told_newest,
    trust_option,
)
from loadtests.exit_codes import ExitCode
from reports.as_published import verify_as_published
from reports.changes import incomparable
from reports.earlier import earlier_reports, last_approved
from reports.files import write_atomically
from reports.refusals import VerificationError
from reports.render.board.page import board_page
from reports.render.board.printing import chromium, one_sheet
from reports.render.board.since import SinceApproval, since_approval, since_report
from reports.signoff.board import Board, load_board
from reports.signoff.judge import approvals_of
from reports.verify import Verified, verify

PAGE = "board.html"
_file = click.Path(path_type=Path, dir_okay=False)


@click.command(name="board")
@folder_argument
@key_option
@trust_option
@click.option("--signoff", type=_file, metavar="FILE", help="In place of --key: its signer, and who approved (TOML).")
@history_option
@click.option("--since", type=REPORT_FOLDER, metavar="FOLDER", help="Say what changed since this older report instead.")
@click.option("--output", type=_file, metavar="FILE", help=f"Default: {PAGE} in the report's folder.")
@click.option("--pdf", is_flag=True, help="Also print it beside the page, on one sheet of A4; needs Chromium.")
def board_command(
    directory: Path,
    key: Path | None,
    trust_file: Path | None,
    signoff: Path | None,
    since: Path | None,
    history_file: Path | None,
    output: Path | None,
    *,
    pdf: bool,
) -> ExitCode:
    """Write the board's page of a report, after verifying it: one HTML file that asks no network for anything.

    It says what was decided, what would turn it green, what was examined and what was not, the figures beside their
    limits, what changed since the last report that was approved (with --signoff by that board, else by the gate), who
    accepted which risk until when, and has the lines to sign. With --pdf what does not fit the sheet is counted on it.
    """
    board = load_board(signoff) if signoff else None
    asked = SignerOptions(key, trust_file)
    if board is None:
        asked.demand_pinned("--signoff FILE")
    elif key or trust_file:
        msg = "--signoff says whose key: leave --key and --trust out"
        raise click.UsageError(msg)

    browser, now = chromium() if pdf else None, datetime.now(UTC)

    def verified(folder: Path, how: Callable[[SSlibKey], Verified]) -> Verified:
        return how(board.signer) if board else asked.verified(folder, how, history_file)[0]

    try:
        found = verified(directory, lambda own: verify(directory, own, history_file=history_file))
        approvals = approvals_of(directory, found, board, now=now) if board else ()
        before = verified(since, partial(verify_as_published, since)).document if since else None
        changed = None if since else _since_approval(directory, found, board, asked, history_file)
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    if before:
        if wrong := incomparable(before, found.document):
            msg = f"--since {since}: {wrong}"
            raise click.UsageError(msg)
        changed = since_report(before, found.document)
    policy = Policy.model_validate_json(found.policy) if found.policy else None
    render = partial(board_page, found, policy=policy, approvals=approvals, since=changed)
    path = output or directory.resolve() / PAGE
    write_atomically(path, render().encode())
    click.echo(str(path))
    if browser:
        sheet = path.with_suffix(".pdf")
        write_atomically(sheet, one_sheet(lambda limits: render(limits=limits), browser))
        click.echo(str(sheet))
    return told_newest(found)


def _since_approval(
    directory: Path, found: Verified, board: Board | None, asked: SignerOptions, history_file: Path | None
) -> SinceApproval | None:
    if board:
        earlier = earlier_reports(directory, found, board.signer, history_file=history_file)
    else:
        earlier = asked.earlier(directory, found, history_file)
    last = last_approved(earlier, board, now=datetime.now(UTC))
    return since_approval(last, found.document, by_board=board is not None) if last else None
