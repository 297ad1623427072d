"""Kills a harness at random moments and looks what is left: ``python -m benchmarks.drill_kills --times 50 --seed 1``.

With ``--target build/stack/target.toml`` it is a stack that stays, of which every service must answer again.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from fixtures import REPOSITORY
from fixtures.hosts.process import processes_under
from fixtures.stack import runs
from fixtures.stack.topology import Stack
from fixtures.wait import DeadlineError, wait_for

_BEFORE_S = {False: 1.0, True: 8.0}
_WHOLE_S = {False: 20.0, True: 180.0}


@dataclass(frozen=True)
class Killed:
    """One harness: how long it lived after it said its run's id, and how long what it left lasted, None for ever."""

    run_id: str
    lived_s: float
    left_s: float | None


def kill_one(chance: random.Random, target: Path | None = None) -> Killed:
    """Start a harness, kill it at a random moment, and wait until nothing of it is left or broken."""
    stays = target is not None
    argv = [sys.executable, "-m", "benchmarks.drill_kills.harness", *([str(target)] if target else [])]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    harness = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment)
    run_id = harness.stdout.readline().strip() if harness.stdout else ""
    lived_s = chance.uniform(0, _BEFORE_S[stays])
    time.sleep(lived_s)
    harness.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    harness.wait()
    if harness.stdout:
        harness.stdout.close()
    try:
        wait_for(
            lambda: _whole(run_id) if stays else _gone(run_id),
            what=f"nothing is left of {run_id}",
            timeout_s=_WHOLE_S[stays],
        )
    except DeadlineError:
        return Killed(run_id, lived_s, None)
    return Killed(run_id, lived_s, time.monotonic() - killed)


def _gone(run_id: str) -> bool:
    """No record, file, process or namespace of the run."""
    root = runs.state_directory() / run_id
    return runs.find(run_id) is None and not root.exists() and not processes_under(root, run_id)


def _whole(run_id: str) -> bool:
    run = runs.find(run_id)
    if run is None:
        return False
    stack = Stack(run.open())
    return all(stack.status().values()) and stack.postgres.redundant() and stack.redis.complete()


def main() -> int:
    """Kill so many, and say what was left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", type=Path, help="of a stack that stays")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311  a moment, and no secret
    found = []
    for number in range(1, asked.times + 1):
        found.append(kill_one(chance, asked.target))
        left = "NEVER" if found[-1].left_s is None else f"{found[-1].left_s:.2f} s"
        click.echo(f"{number:3}  lived {found[-1].lived_s:.2f} s; healed after {left}")
    healed = [each.left_s for each in found if each.left_s is not None]
    times = f"; after {median(healed):.2f} s in the median, {max(healed):.2f} s at most" if healed else ""
    click.echo(f"{len(healed)} of {len(found)} left nothing{times}")
    return 0 if len(healed) == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
