"""``clinical-gate report board``: the page that the board reads, prints and signs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from checks.policy import Policy
from commands.report.signer import SignerOptions, folder_argument, history_option, key_option, trust_option
from loadtests.exit_codes import ExitCode
from reports.as_published import verify_as_published
from reports.changes import incomparable
from reports.files import write_atomically
from reports.refusals import VerificationError
from reports.render.board.page import board_page
from reports.signoff.board import load_board
from reports.signoff.judge import approvals_of
from reports.verify import Verified, verify

PAGE = "board.html"
_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)


@click.command(name="board")
@folder_argument
@key_option
@trust_option
@click.option("--signoff", type=_file, metavar="FILE", help="In place of --key: its signer, and who approved (TOML).")
@history_option
@click.option("--since", type=_folder, metavar="FOLDER", help="An older report of the same signer: what changed since.")
@click.option("--output", type=_file, metavar="FILE", help=f"Default: {PAGE} in the report's folder.")
def board_command(
    directory: Path,
    key: Path | None,
    trust_file: Path | None,
    signoff: Path | None,
    since: Path | None,
    history_file: Path | None,
    output: Path | None,
) -> ExitCode:
    """Write the board's page of a report, after verifying it: one HTML file that asks no network for anything.

    It says what was decided, what would turn it green, what was examined and what was not, the figures beside their
    limits, who accepted which risk until when, and has the lines to sign. It prints on one page of A4.
    """
    board = load_board(signoff) if signoff else None
    asked = SignerOptions(key, trust_file)
    if board is None:
        asked.demand_pinned("--signoff FILE")
    elif key or trust_file:
        msg = "--signoff says whose key: leave --key and --trust out"
        raise click.UsageError(msg)

    def verified(folder: Path, how: Callable[[SSlibKey], Verified]) -> Verified:
        return how(board.signer) if board else asked.verified(folder, how, history_file)[0]

    try:
        found = verified(directory, lambda own: verify(directory, own, history_file=history_file))
        before = verified(since, partial(verify_as_published, since)).document if since else None
        approvals = approvals_of(directory, found, board, now=datetime.now(UTC)) if board else ()
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    if before and (wrong := incomparable(before, found.document)):
        msg = f"--since {since}: {wrong}"
        raise click.UsageError(msg)
    policy = Policy.model_validate_json(found.policy) if found.policy else None
    page = board_page(found, policy=policy, approvals=approvals, before=before)
    path = output or directory.resolve() / PAGE
    write_atomically(path, page.encode())
    click.echo(str(path))
    return ExitCode.HOLDS
