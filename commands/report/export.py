"""``clinical-gate report export``: a report in the formats of other people's tools."""

from __future__ import annotations

from pathlib import Path

import click

from commands.report.signer import (
    SignerOptions,
    folder_argument,
    history_option,
    key_option,
    told_newest,
    trust_option,
)
from loadtests.exit_codes import ExitCode
from reports.envelope import seal
from reports.files import write_atomically
from reports.refusals import VerificationError
from reports.render.formats.errors import FormatError
from reports.render.formats.table import FORMATS, STATEMENTS
from reports.signers.opening import FORMS, open_signer
from reports.verify import verify

_file = click.Path(path_type=Path, dir_okay=False)
_NAMES = sorted([*FORMATS, *STATEMENTS])


@click.command(name="export")
@folder_argument
@key_option
@trust_option
@click.option(
    "--format", "name", type=click.Choice(sorted({**FORMATS, **STATEMENTS})), required=True, help="What to write."
)
@history_option
@click.option(
    "--signing-key",
    metavar="KEY",
    help=f"Signs a test-result, vsa or svr, for whoever vouches for the decision: {FORMS}.",
)
@click.option("--output", type=_file, metavar="FILE", help="Default: standard output.")
def export(
    directory: Path,
    key: Path | None,
    trust_file: Path | None,
    name: str,
    history_file: Path | None,
    signing_key: str | None,
    output: Path | None,
) -> ExitCode:
    """Write a report in another format, after verifying it. The same report always gives the same bytes.

    \b
    sarif      SARIF 2.1.0, for code scanning
    csv        a line per finding, for spreadsheets
    markdown   for a comment on a pull request
    hdf        Heimdall Data Format, for MITRE Heimdall and SAF
    oscal      OSCAL assessment results, for GRC tools (needs the extra oscal)
    oscal-poam OSCAL plan of action and milestones (likewise)
    prometheus for a textfile collector

    \b
    Statements for policy engines, each in a DSSE envelope that --signing-key signs, of the newest report only:
    test-result  in-toto test-result v0.1
    vsa          SLSA verification summary v1
    svr          in-toto simple verification result v0.1
    """  # noqa: D301  click reads a real backspace
    asked = SignerOptions(key, trust_file)
    asked.demand_pinned()
    if (signing_key is not None) != (name in STATEMENTS):
        msg = f"a {name} is signed: give --signing-key KEY" if name in STATEMENTS else f"a {name} file is not signed"
        raise click.UsageError(msg)
    signer = open_signer(signing_key) if signing_key else None
    try:
        found, _ = asked.verified(
            directory,
            lambda own: verify(directory, own, history_file=history_file, demand_history=signer is not None),
            history_file,
        )
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    if signer and not found.newest:
        return told_newest(found)
    content = seal(STATEMENTS[name](found), signer) if signer else FORMATS[name](found)
    if output is None:
        click.echo(content, nl=False)
        return told_newest(found)
    try:
        write_atomically(output, content)
    except OSError as problem:
        msg = f"cannot write {output}: {problem.strerror}"
        raise FormatError(msg) from problem
    return told_newest(found)
