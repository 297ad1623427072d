"""``clinical-gate example``: deployments of other people's software, to gate and to learn from."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click

from examples.catalogue import EXAMPLES
from examples.common.handover import HANDED_OVER, hand_over
from examples.common.power import start_host
from fixtures import REPOSITORY
from fixtures.deployment.target_file import TargetError, read_target
from fixtures.hosts.docker.image import BUILDING_S
from fixtures.hosts.docker.usable import engine_or_refusal
from fixtures.hosts.files import write_private
from fixtures.progress import ServiceProgress
from fixtures.stack import runs
from fixtures.stack.rising import rise

_FOLDER = Path("build/example")  # of target files, one folder for each example
_name = click.argument("name", type=click.Choice(sorted(EXAMPLES)))


@click.group()
def example() -> None:
    """Deployments of other people's software: bring one up, gate it, take it down. See examples/NAME/README.md."""


@example.command()
@_name
@click.option(
    "--driver", type=click.Choice(["loopback", "namespace"]), default=None, help="Default: namespace as root."
)
def up(name: str, driver: str | None) -> None:
    """Start every part of NAME, and write its target file."""
    if runs.find(_run_of(name)):
        message = f"example {name} is up; take it down first: clinical-gate example down {name}"
        raise TargetError(message)
    began = time.monotonic()
    run, hosts = runs.begin(driver=driver or "")
    try:
        made = EXAMPLES[name](hosts)
        with ServiceProgress() as progress:
            rise(made.components, progress)
        target(name).parent.mkdir(parents=True, exist_ok=True)
        write_private(target(name), made.describe())
        hand_over(read_target(target(name)), target(name).parent)
        _note(name).write_text(run.id)
        runs.keep(run)
    except BaseException:
        hosts.close()
        raise
    click.echo(f"example {name} is up after {time.monotonic() - began:.1f} s: {target(name)}")


@example.command()
@_name
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def gate(name: str, options: tuple[str, ...]) -> int:
    """Gate NAME by its own policy, under a load of its size; OPTIONS after -- pass on to pytest."""
    if runs.find(_run_of(name)) is None:
        message = f"example {name} is not up: clinical-gate example up {name}"
        raise TargetError(message)
    folder = REPOSITORY / "examples"
    chosen = (
        f"--target={target(name).resolve()}",
        f"--policy={folder / name / 'policy.toml'}",
        f"--load-profile={folder / 'load.toml'}",
    )
    argv = [sys.executable, "-m", "pytest", "-m", "gate", *chosen, *options]
    return subprocess.run(argv, cwd=REPOSITORY, check=False).returncode


@example.command()
@_name
def down(name: str) -> None:
    """Stop every part of NAME, and remove its processes, namespaces and files."""
    runs.sweep()
    began = time.monotonic()
    run = runs.find(_run_of(name))
    if run is not None:
        run.open().close()
    for path in (target(name), _note(name), *(target(name).parent / each for each in HANDED_OVER)):
        path.unlink(missing_ok=True)
    click.echo(f"took down {run.id if run else 'nothing'} in {time.monotonic() - began:.1f} s")


@example.command("compose")
@click.argument("name", type=click.Choice(["orthanc"]))
@click.argument("output", metavar="[FOLDER]", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--base", default="", metavar="IMAGE", help="Debian 12 or newer to build on; default: the image of --driver docker."
)
def write_compose(name: str, output: Path | None, base: str) -> None:
    """Write NAME as a Compose project to FOLDER, build/example/NAME-compose unless told, and build its image."""
    from examples.orthanc.compose.project import build_image, write_project  # noqa: PLC0415  needed by no other command

    place = output or _FOLDER / f"{name}-compose"
    with engine_or_refusal(BUILDING_S) as engine:
        made = build_image(engine, base, lambda step: click.echo(step, err=True))
    try:
        written = write_project(place, made)
    except OSError as problem:
        message = f"the project cannot be written to {place}: {problem.strerror or problem}"
        raise TargetError(message) from problem
    click.echo(f"wrote {written}; start it with: docker compose --project-directory {place} up --detach")


@example.command()
@_name
@click.argument("address")
@click.option("--run", "run_id", default="", help="Of another run than the one that `example up` has started.")
def start(name: str, address: str, run_id: str) -> None:
    """Start the host at ADDRESS of NAME again, with its services, after it was killed: what heals its drills."""
    run = runs.find(run_id or _run_of(name))
    if run is None:
        message = f"example {name} is not up: clinical-gate example up {name}"
        raise TargetError(message)
    services = [service for component in EXAMPLES[name](run.open()).components for service in component.services]
    there = [service for service in services if address in (service.host.address, service.host.name)]
    if not there:
        message = f"example {name} has no host {address}"
        raise TargetError(message)
    start_host(there)
    click.echo(f"{there[0].host.name} is up again: {', '.join(service.name for service in there)}")


def target(name: str) -> Path:
    """The target file of a running example."""
    return _FOLDER / name / "target.toml"


def _note(name: str) -> Path:
    """Where the id of its run is kept: nothing in the target file says that it is ours."""
    return _FOLDER / name / "run"


def _run_of(name: str) -> str:
    return _note(name).read_text() if _note(name).exists() else ""
