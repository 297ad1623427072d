"""``python -m examples.common.kill RUN ADDRESS``: every process on a host of an example ends, as by a power cut.

A program of its own that loads little: what it takes to start counts as outage.
"""

from __future__ import annotations

import json
import sys

from fixtures.hosts.loopback import LoopbackHost
from fixtures.stack import runs


def main(run_id: str, address: str) -> str:
    """Kill, and say what is down; a message for standard error where that cannot be."""
    run = runs.find(run_id)
    if run is None:
        return f"run {run_id} is not up on this machine"
    driver = run.open()
    known = json.loads((driver.root / "addresses.json").read_text())
    host = next((driver.host(name) for name, at in known.items() if at == address), None)
    if not isinstance(host, LoopbackHost):
        return f"run {run_id} has no host {address}"
    host.kill()
    sys.stdout.write(f"{host.name} is down\n")
    return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
