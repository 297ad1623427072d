"""Breaks the hosts of a run again and again, to be killed in the middle: ``python -m benchmarks.drill_kills.harness``.

The first line that it says is the id of its run. With the path of a stack's target file it drills that stack instead.
`wal-volume-full` is left out: to make its volume takes longer than a harness lives here.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

from checks.targets import Isolate, Pause
from fixtures.deployment.target_file import read_target
from fixtures.drills.scenarios import SCENARIOS
from fixtures.stack import runs
from fixtures.stack.topology import Stack
from fixtures.stack.watcher import RunWatcher

_BREAKABLE = ("primary-isolated", "primary-paused", "replica-killed", "cache-node-killed", "database-network-slow")


def on_hosts() -> None:
    """A run of its own, with hosts that are cut off, paused and killed in turn."""
    run, driver = runs.begin()
    watcher = RunWatcher(run.id)
    hosts = [driver.host(name) for name in ("one", "two")]
    sys.stdout.write(f"{run.id}\n")
    sys.stdout.flush()
    try:
        for host in itertools.cycle(hosts):
            host.spawn(["sleep", "600"], service="sleeper")
            if isinstance(host, Isolate):
                host.isolate()
            if isinstance(host, Pause):
                host.pause()
            time.sleep(0.05)
    finally:
        driver.close()
        watcher.release()


def on_stack(target: Path) -> None:
    """A stack that stays: one scenario after the other is injected, and healed two seconds later."""
    run_id = read_target(target).run
    run = runs.find(run_id)
    if run is None:
        sys.exit(f"the stack of {target} is not up")
    watcher = RunWatcher(run_id)
    stack = Stack(run.open())
    sys.stdout.write(f"{run_id}\n")
    sys.stdout.flush()
    try:
        for name in itertools.cycle(_BREAKABLE):
            fault = SCENARIOS[name].fault_on(stack)
            fault.inject()
            time.sleep(2)
            fault.heal()
    finally:
        watcher.release()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        on_stack(Path(sys.argv[1]))
    else:
        on_hosts()
