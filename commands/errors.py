"""How every command of ``clinical-gate`` ends: a command returns its exit code, and raises what it cannot go on with.

A new command needs no error handling of its own::

    @group.command()
    @click.argument("file", type=click.Path(path_type=Path))
    def look(file: Path) -> ExitCode:
        target = read_target(file)  # raises TargetError: one sentence, exit code 2
        return ExitCode.HOLDS

An error class whose message tells users what to mend is listed here, in `MENDABLE`.
"""

from __future__ import annotations

from typing import Any

import click

from checks.catalogue import CatalogueError
from checks.dp_audit.model import MechanismError
from checks.policy import PolicyError
from fixtures.deployment.target_file import TargetError
from fixtures.hosts import HostError
from fixtures.hosts.process import MissingProgramError
from fixtures.own_code.python_file import PythonFileError
from fixtures.services.npm import NpmError
from fixtures.stack.rising import StackError
from loadtests.exit_codes import ExitCode, one_sentence
from loadtests.generator.spec import SpecError
from loadtests.schedules.profiles import ProfileError
from reports.keys import SigningKeyError
from reports.refusals import UnreadableError
from reports.render.allure_page.page import AllureError
from reports.render.board.printing import PrintError
from reports.render.formats.errors import FormatError
from reports.render.privacy import PictureError
from reports.signoff.board import BoardError

MENDABLE = (
    AllureError,
    BoardError,
    CatalogueError,
    FormatError,
    HostError,
    MechanismError,
    MissingProgramError,
    NpmError,
    PictureError,
    PolicyError,
    PrintError,
    ProfileError,
    PythonFileError,
    SigningKeyError,
    SpecError,
    StackError,
    TargetError,
    UnreadableError,
)


class CommandLine(click.Group):
    """The outermost group: everything below it runs inside `loadtests.exit_codes.one_sentence`."""

    def make_context(self, *given: Any, **options: Any) -> click.Context:  # noqa: ANN401  click's own signature
        """See `click.Command.make_context`."""
        with one_sentence(*MENDABLE):
            return super().make_context(*given, **options)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command that was asked for, and end with the exit code that it returns; none is 0."""
        with one_sentence(*MENDABLE):
            ctx.exit(super().invoke(ctx) or ExitCode.HOLDS)
