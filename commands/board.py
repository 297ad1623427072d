"""``clinical-gate report board``: the page that the board reads, prints and signs."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from checks.policy import Policy
from loadtests.exit_codes import ExitCode
from reports.earlier import earlier_reports, last_approved
from reports.files import write_atomically
from reports.keys import load_public
from reports.refusals import VerificationError
from reports.render.board.page import board_page
from reports.render.board.printing import chromium, one_sheet
from reports.render.board.since import SinceApproval, since_approval
from reports.signoff.board import Board, load_board
from reports.signoff.judge import approvals_of
from reports.verify import Verified, verify

PAGE = "board.html"
_file = click.Path(path_type=Path, dir_okay=False)


@click.command(name="board")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("build/gate/latest"))
@click.option("--key", type=_file, metavar="PUB", help="The signer's public key (PEM) that you got from the signer.")
@click.option("--signoff", type=_file, metavar="FILE", help="In place of --key: its signer, and who approved (TOML).")
@click.option("--history", "history_file", type=_file, metavar="FILE", help="As for verify.")
@click.option("--output", type=_file, metavar="FILE", help=f"Default: {PAGE} in the report's folder.")
@click.option("--pdf", is_flag=True, help="Also print it beside the page, on one sheet of A4; needs Chromium.")
def board_command(
    directory: Path,
    key: Path | None,
    signoff: Path | None,
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
    if (key is None) == (board is None):
        msg = "say whose report it is with --key PUB or with --signoff FILE"
        raise click.UsageError(msg)
    browser = chromium() if pdf else None
    signer = board.signer if board else load_public(key or Path())
    now = datetime.now(UTC)
    try:
        found = verify(directory, signer, history_file=history_file)
        approvals = approvals_of(directory, found, board, now=now) if board else ()
        since = _since(directory, found, signer, board, history_file)
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    policy = Policy.model_validate_json(found.policy) if found.policy else None
    render = partial(board_page, found, policy=policy, approvals=approvals, since=since)
    path = output or directory.resolve() / PAGE
    write_atomically(path, render().encode())
    click.echo(str(path))
    if browser:
        sheet = path.with_suffix(".pdf")
        write_atomically(sheet, one_sheet(lambda limits: render(limits=limits), browser))
        click.echo(str(sheet))
    return ExitCode.HOLDS


def _since(
    directory: Path, found: Verified, signer: SSlibKey, board: Board | None, history_file: Path | None
) -> SinceApproval | None:
    earlier = earlier_reports(directory, found, signer, history_file=history_file)
    last = last_approved(earlier, board, now=datetime.now(UTC))
    return since_approval(last, found.document, by_board=board is not None) if last else None
