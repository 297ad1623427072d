"""``clinical-gate report show``: a report to read, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from commands.report.signer import SignerOptions, folder_argument, history_option, key_option, trust_option
from loadtests.exit_codes import ExitCode
from reports.refusals import VerificationError
from reports.render.terminal import print_summary
from reports.verify import verify


@click.command()
@folder_argument
@key_option
@trust_option
@history_option
def show(directory: Path, key: Path | None, trust_file: Path | None, history_file: Path | None) -> ExitCode:
    """Print the summary of a report, after verifying it."""
    asked = SignerOptions(key, trust_file)
    public = asked.public_key(directory)
    try:
        found, _ = asked.verified(
            directory, lambda own: verify(directory, own, history_file=history_file), history_file
        )
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    command = f"clinical-gate report verify {directory} --key {key or 'PUB'}"
    print_summary(found.document, folder=directory, verify_command=command, trust=found.sentence(pinned=public.pinned))
    return ExitCode.UNKNOWN if found.newest is None else ExitCode.HOLDS
