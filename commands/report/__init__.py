"""``clinical-gate report``: verify, read, approve and pass on signed reports; a file for each of its commands."""

from __future__ import annotations

import click

from commands.report.approve import approve
from commands.report.board import board_command
from commands.report.diff import diff
from commands.report.export import export
from commands.report.history import extends, history_command
from commands.report.open_page import open_command
from commands.report.show import show
from commands.report.timestamp import timestamp_command
from commands.report.verify import verify_command


@click.group()
def report() -> None:
    """Signed reports: verify, show, open and list them.

    Exit codes: 0 holds, 1 does not hold, 2 usage, unreadable input or interrupted, 3 unknown.
    """


for _command in (
    approve,
    board_command,
    diff,
    export,
    extends,
    history_command,
    open_command,
    show,
    timestamp_command,
    verify_command,
):
    report.add_command(_command)
