"""``clinical-gate target``: what a deployment is made of, whether it can be reached, and what can be said of it."""

from __future__ import annotations

import click

from commands.target.check import check
from commands.target.init import init


@click.group()
def target() -> None:
    """Target files: what a deployment is made of and how to reach it."""


target.add_command(check)
target.add_command(init)
