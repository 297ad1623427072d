"""``clinical-gate report board``: the page that the board reads, prints and signs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from checks.policy import Policy
from loadtests.exit_codes import ExitCode
from reports.files import write_atomically
from reports.keys import load_public
from reports.refusals import VerificationError
from reports.render.board.page import board_page
from reports.signoff.board import load_board
from reports.signoff.judge import approvals_of
from reports.verify import verify

PAGE = "board.html"
_file = click.Path(path_type=Path, dir_okay=False)


@click.command(name="board")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path("build/gate/latest"))
@click.option("--key", type=_file, metavar="PUB", help="The signer's public key (PEM) that you got from the signer.")
@click.option("--signoff", type=_file, metavar="FILE", help="In place of --key: its signer, and who approved (TOML).")
@click.option("--history", "history_file", type=_file, metavar="FILE", help="As for verify.")
@click.option("--output", type=_file, metavar="FILE", help=f"Default: {PAGE} in the report's folder.")
def board_command(
    directory: Path, key: Path | None, signoff: Path | None, history_file: Path | None, output: Path | None
) -> ExitCode:
    """Write the board's page of a report, after verifying it: one HTML file that asks no network for anything.

    It says what was decided, what would turn it green, what was examined and what was not, the figures beside their
    limits, who accepted which risk until when, and has the lines to sign. It prints on one page of A4.
    """
    board = load_board(signoff) if signoff else None
    if (key is None) == (board is None):
        msg = "say whose report it is with --key PUB or with --signoff FILE"
        raise click.UsageError(msg)
    signer = board.signer if board else load_public(key or Path())
    try:
        found = verify(directory, signer, history_file=history_file)
        approvals = approvals_of(directory, found, board, now=datetime.now(UTC)) if board else ()
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    page = board_page(
        found, policy=Policy.model_validate_json(found.policy) if found.policy else None, approvals=approvals
    )
    path = output or directory.resolve() / PAGE
    write_atomically(path, page.encode())
    click.echo(str(path))
    return ExitCode.HOLDS
