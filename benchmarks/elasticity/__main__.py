"""``python -m benchmarks.elasticity --target FILE``: beyond capacity, with one part more, and with one part less.

Exit status 1 when a promise is broken, 3 when one could not be seen. Promises are about a machine of its own: what else
runs here takes from the capacity that is measured, and makes requests late.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.elasticity.bench import Promise, RunningStack
from benchmarks.elasticity.beyond import beyond
from benchmarks.elasticity.parts import adding, chats, reads, removing
from fixtures.deployment.target_file import TargetError
from fixtures.hosts import HostError
from fixtures.wait import DeadlineError
from loadtests.generator.spec import SpecError
from loadtests.schedules.profiles import load_profile

_PARTS = ("beyond", "routers", "inference", "removal")
_MARKS = {True: "[green]kept[/]", False: "[red]broken[/]", None: "[yellow]not seen[/]"}


def _promises(bench: RunningStack, parts: tuple[str, ...], rate: float | None) -> Iterator[Promise]:
    stack = bench.stack
    if "removal" in parts:
        yield from removing(bench, stack.routers[1])
        yield from removing(bench, stack.inference.services[1])
    if "beyond" in parts:
        held = rate or bench.capacity("capacity", load_profile("gate"), first=20, precision=0.25).bracket.held
        if held is None:
            yield Promise("beyond capacity", "no rate held, so there is no capacity to go beyond", None)
        else:
            yield from beyond(bench, held)
    if "routers" in parts:
        yield from adding(bench, "router", stack.routers, reads(), first=40)
    if "inference" in parts:
        yield from adding(bench, "model server", stack.inference.services, chats(), first=10)


@click.command()
@click.option("--target", type=click.Path(path_type=Path), default=Path("build/stack/target.toml"), show_default=True)
@click.option("--only", type=click.Choice(_PARTS), multiple=True, help="Leave the other parts out.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="The capacity, in place of a search for it.")
def main(*, target: Path, only: tuple[str, ...], rate: float | None) -> None:
    """Hold the reference stack to what it promises when there is too much to do, or more or fewer parts to do it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that limits are taken off again
    screen = Console(stderr=True)
    table = Table("promise", "seen", "", box=None, pad_edge=False)
    kept: list[bool | None] = []
    try:
        bench = RunningStack(target, lambda text: screen.print(text, soft_wrap=True, markup=False, highlight=False))
        for promise in _promises(bench, only or _PARTS, rate):
            table.add_row(escape(promise.what), escape(promise.seen), _MARKS[promise.kept])
            kept.append(promise.kept)
    except (HostError, TargetError, SpecError, DeadlineError) as problem:
        click.echo(f"benchmarks.elasticity: {problem}", err=True)
        sys.exit(2)
    finally:
        Console(width=None if sys.stdout.isatty() else 180).print(table)
    sys.exit(1 if False in kept else 3 if None in kept or not kept else 0)


if __name__ == "__main__":
    main()
