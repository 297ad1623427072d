"""``python -m loadtests.gpu``: make a model, serve it, and load it step by step."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from checks.targets import Objective
from loadtests.exit_codes import ExitCode, one_sentence
from loadtests.generator.spec import SpecError
from loadtests.gpu.ladder import LadderRun
from loadtests.gpu.server import ENGINES, PRECISIONS, GpuError
from loadtests.gpu.shapes import SHAPES
from loadtests.gpu.table import HEADS
from loadtests.schedules.profiles import ProfileError, load_profile, profile_names

_LADDER = "1,4,16,64,128,256"
_SEED_BITS = 31
_MOST_USERS = 100_000
_WIDE = 140  # characters, where no terminal says how many there are
_ABOVE_0 = click.FloatRange(min=0, min_open=True)


@dataclass(frozen=True)
class LadderOptions:
    """What the command line asked for: the options of `main`, by their names."""

    shape: str
    engine: str
    precisions: tuple[str, ...]
    users: tuple[int, ...]
    profile: str
    seconds: float | None
    first_token_ms: float
    whole_ms: float
    per_token_ms: float | None
    seed: int | None
    python: Path
    device: str | None
    out: Path
    models: Path
    engine_options: tuple[str, ...]


def _numbers(_: click.Context, __: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(1 <= number <= _MOST_USERS for number in numbers):
        message = f"'{text}' is not a list of numbers of users such as {_LADDER}"
        raise click.BadParameter(message)
    return numbers


@click.command(context_settings={"max_content_width": 110})
@click.option(
    "--shape",
    type=click.Choice(list(SHAPES)),
    default="7b",
    show_default=True,
    help="7b: a Llama-2-7B (13.5 GB in bf16), for a GPU. tiny: for the CPU, to try this command.",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="transformers",
    show_default=True,
    help="transformers: `transformers serve` with continuous batching. vllm: `vllm serve`.",
)
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    default=PRECISIONS,
    help="May be given twice; 4bit is NF4 by bitsandbytes.  [default: both, in turn]",
)
@click.option("--users", default=_LADDER, show_default=True, callback=_numbers, help="One step for each.")
@click.option(
    "--profile",
    default="gate",
    show_default=True,
    help=f"One of {', '.join(profile_names())}: its pace, lengths and seconds. All users are clinicians, who chat.",
)
@click.option("--seconds", type=float, help="Measured seconds of a step, in place of the profile's.")
@click.option(
    "--first-token-ms", type=_ABOVE_0, default=500.0, show_default=True, help="A good answer begins within it."
)
@click.option("--whole-ms", type=_ABOVE_0, default=2000.0, show_default=True, help="A good answer ends within it.")
@click.option("--per-token-ms", type=_ABOVE_0, help="A good answer's later tokens take no longer.  [default: any time]")
@click.option("--seed", type=click.IntRange(min=0), help="Of the arrival times; random unless given, and kept.")
@click.option(
    "--python",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=Path(sys.executable),
    help="Interpreter of an environment that has the engine.  [default: this one]",
)
@click.option("--device", type=click.Choice(("cuda", "cpu")), help="Where it is served.  [default: the shape's]")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/gpu"),
    show_default=True,
    help="Where the folder of this run is made.",
)
@click.option(
    "--models",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/gpu/models"),
    show_default=True,
    help="Where model folders are made, and found again.",
)
@click.argument("engine_options", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE OPTIONS]")
def main(**asked: Any) -> None:  # noqa: ANN401  click's own types
    """Serve a language model with random weights, and put the same load on it with more and more users.

    Nothing is downloaded: configuration, tokenizer and weights are made on the spot. For each precision the server is
    started and asked once; then each step sends the profile's chats with so many users from a process of its own,
    while NVML watches the GPUs. Every step leaves its files, so what was measured stays when you interrupt.

    \b
    In the run's folder:
      table.md                 users, time to first token, time per token, goodput, tokens/s, GPU memory and time
      PRECISION-USERS.json     the load's record, as every load's
      PRECISION-USERS.gpu.csv  the GPUs, second by second
      run.json                 what ran: versions, model, commands, seed
      server-PRECISION.log     what the server said

    \b
    Needs:      pip install '.[gpu]' in the environment of --python; vllm there for --engine vllm
    Examples:   python -m loadtests.gpu
                python -m loadtests.gpu --engine vllm --python /opt/vllm/bin/python -- --gpu-memory-utilization 0.8
                python -m loadtests.gpu --shape tiny --profile smoke --seconds 10 --users 1,4
    Exit codes: 0 every step was sent to its end, 2 usage, cannot be served, or interrupted, 3 a step was cut short
    """  # noqa: D301  click reads a real backspace
    with one_sentence(GpuError, ProfileError, SpecError):
        click.get_current_context().exit(_climb(LadderOptions(**asked)))


def _climb(options: LadderOptions) -> ExitCode:
    shape = SHAPES[options.shape]
    run = LadderRun(
        shape,
        options.engine,
        tuple(dict.fromkeys(options.precisions)),
        options.python.absolute(),
        options.device or shape.device,
        load_profile(options.profile).all_as("clinician").changed(seconds=options.seconds),
        options.users,
        Objective(options.whole_ms, options.first_token_ms, options.per_token_ms),
        secrets.randbits(_SEED_BITS) if options.seed is None else options.seed,
        options.engine_options,
        options.models.absolute(),
        options.out.absolute() / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        Console(stderr=True),
    )
    rows = tuple(run.rows())
    printed = Table(HEADS[0], box=None, padding=(0, 1, 0, 0))
    for head in HEADS[1:]:
        printed.add_column(head, justify="right")
    for row in rows:
        printed.add_row(*row.cells())
    Console(width=None if sys.stdout.isatty() else _WIDE).print(printed)
    click.echo(f"kept in {run.folder}", err=True)
    return ExitCode.UNKNOWN if any(row.problem for row in rows) else ExitCode.HOLDS


if __name__ == "__main__":
    main(prog_name="python -m loadtests.gpu")
