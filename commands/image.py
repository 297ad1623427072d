"""``clinical-gate image``: the one image of the hosts of ``--driver docker``."""

from __future__ import annotations

import time

import click

from fixtures.hosts.docker.base import debian_base, remove_base
from fixtures.hosts.docker.image import BUILDING_S, build, present, reference, remove
from fixtures.hosts.docker.usable import engine_or_refusal


@click.group()
def image() -> None:
    """The image of the hosts of --driver docker."""


@image.command("build")
@click.option(
    "--base",
    metavar="IMAGE",
    default="",
    help="Debian 12 or newer that the engine has or can pull, e.g. debian:bookworm; default: one made by debootstrap.",
)
@click.option("--again", is_flag=True, help="Also when the engine has it already.")
def build_image(base: str, *, again: bool) -> None:
    """Build it on the Docker engine, when what it is built from has changed: some minutes."""
    began = time.monotonic()

    def say(step: str) -> None:
        click.echo(f"{time.monotonic() - began:6.1f} s  {step}", err=True)

    with engine_or_refusal(BUILDING_S) as engine:
        if present(engine, base) and not again:
            click.echo(f"{reference()} is there already")
            return
        made = build(engine, base=base or debian_base(engine, say), say=say)
        for gone in remove(engine, but=made):
            say(f"{gone} of an older recipe is removed")
    click.echo(f"{made} is built, after {time.monotonic() - began:.0f} s")


@image.command("remove")
def remove_image() -> None:
    """Remove it from the Docker engine, with its base if that was made here."""
    with engine_or_refusal(BUILDING_S) as engine:
        gone = [*remove(engine), *remove_base(engine)]
    click.echo(f"removed {', '.join(gone) or 'nothing'}")
