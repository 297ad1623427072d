"""``clinical-gate report open``: the Allure page of a report."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from commands.report.signer import (
    SignerOptions,
    folder_argument,
    history_option,
    key_option,
    told_newest,
    trust_option,
)
from fixtures.services.npm import NpmPackages
from loadtests.exit_codes import ExitCode
from reports.refusals import VerificationError
from reports.render.allure_page.page import PAGE, SOURCE, AllureProgram, draw, write_page
from reports.verify import verify

_file = click.Path(path_type=Path, dir_okay=False)
_ADVICE = "install it (Debian: apt install npm), or read the report with clinical-gate report show"


@click.command(name="open")
@folder_argument
@key_option
@trust_option
@history_option
@click.option("--output", type=_file, metavar="FILE", help=f"Default: {PAGE} in the report's folder.")
@click.option("--no-browser", is_flag=True, help="Only draw the page and print where it is.")
def open_command(
    directory: Path,
    key: Path | None,
    trust_file: Path | None,
    history_file: Path | None,
    output: Path | None,
    *,
    no_browser: bool,
) -> ExitCode:
    """Draw the Allure page of a report, after verifying it, and open it in the browser.

    One HTML file that needs no server and asks no network for anything: the decision, checks by gate and control with
    their findings, proofs and evidence, figures, and their trends over the reports on the same target that hold. It is
    drawn from what is signed, and from nothing else in the folder. The first time npm fetches Allure 3.
    """
    asked = SignerOptions(key, trust_file)
    public = asked.public_key(directory)
    packages = NpmPackages("allure", SOURCE, advice=_ADVICE)
    with Console(stderr=True, highlight=False).status("Drawing the Allure page (the first time npm fetches Allure 3)"):
        packages.install()  # minutes, in which a report that was verified before could become another
        try:
            found, _ = asked.verified(
                directory, lambda own: verify(directory, own, history_file=history_file), history_file
            )
            earlier = asked.earlier(directory, found, history_file)
        except VerificationError as problem:
            click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
            return ExitCode.DOES_NOT_HOLD
        content = draw(
            directory,
            found,
            AllureProgram(packages.node(), packages.modules()),
            verify_command=f"clinical-gate report verify {directory} --key {key or 'PUB'}",
            trust=found.sentence(pinned=public.pinned),
            earlier=earlier,
        )
    path = output or directory / PAGE
    write_page(path, content)
    click.echo(str(path))
    if not no_browser:
        click.launch(path.resolve().as_uri())
    return told_newest(found)
