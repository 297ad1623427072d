"""The command line: ``clinical-gate GROUP COMMAND``, each group in a file of `commands`.

clinical-gate stack up
clinical-gate load --profile smoke
"""

from __future__ import annotations

import click

from commands.checks import checks
from commands.errors import CommandLine
from commands.example import example
from commands.image import image
from commands.load import load
from commands.report import report
from commands.scan import scan
from commands.stack import stack
from commands.target import target


@click.group(cls=CommandLine, name="clinical-gate", context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Gate a clinical AI deployment: compliance, privacy, recovery and load, with checks that prove they can fail.

    The gate itself is a pytest run:  pytest -m gate [--target FILE] [--policy NAME]

    Exit codes: 0 holds, 1 does not hold, 2 usage, unreadable input or interrupted, 3 unknown. Should a command end with
    a fault of its own, CLINICAL_GATE_DEBUG=1 shows where.
    """


for group in (stack, image, target, example, checks, scan, load, report):
    main.add_command(group)

if __name__ == "__main__":
    main(prog_name=main.name)
