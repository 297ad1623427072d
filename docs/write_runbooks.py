"""Writes ``docs/runbooks/`` from the scenarios and their steps: ``python docs/write_runbooks.py [RESULTS]...``.

A test writes them again and compares. The times are those of a drill's results.json, of the last one that has the
scenario, and kept as they are where none has it::

    python docs/write_runbooks.py build/drill/latest/results.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from checks.targets import Continuity, RecoveryPromise
from fixtures.drills.runbooks import Runbook, runbooks
from fixtures.drills.scenarios import SCENARIOS, Scenario

FOLDER = Path(__file__).resolve().parent / "runbooks"
MEASURED = FOLDER / "measured.json"
_HEAD = """# Runbooks

Made by `python docs/write_runbooks.py` from the scenarios of the recovery drills, their steps
(`fixtures/drills/runbooks.toml`) and times that were measured; do not edit. Each is played by
`pytest -m drill --scenario NAME`. Paths and units are those of a Debian installation.
"""
_FIGURES = (
    ("rto_s", "writes served again, from the fault"),
    ("healed_rto_s", "writes served again, from the heal"),
    ("read_rto_s", "reads served again, from the fault"),
    ("healed_read_rto_s", "reads served again, from the heal"),
    ("lock_lost_s", "the leader's lease was lost"),
    ("taken_over_s", "another node took writes"),
    ("longest_gap_s", "longest time without an acknowledged write"),
    ("redundancy_s", "every replica back, from the heal"),
)
_BEFORE_HEAL = {"rto_s": "writes", "read_rto_s": "reads"}
_AFTER_HEAL = {"healed_rto_s": "writes", "healed_read_rto_s": "reads"}
_WORDS = {
    Continuity.RETURN: "return before the heal",
    Continuity.CONTINUE: "go on, with no gap over {gap:g} s",
    Continuity.WAIT: "wait until the heal",
    Continuity.WITHHOLD: "are refused until the heal",
}

Measured = Mapping[str, Any]


def pages(measured: Measured) -> dict[str, str]:
    """File name -> content of every page.

    Args:
        measured: what `measured_of` made of a drill.
    """
    books = runbooks()
    found = {f"{name}.md": _page(SCENARIOS[name], books[name], measured) for name in SCENARIOS}
    return {"README.md": _index(measured)} | found


def measured_of(results: Measured) -> dict[str, Any]:
    """What the pages show of a drill's results."""
    identity = results["identity"]
    names = [name for name, _ in _FIGURES]
    run = {"run": identity["run_id"], "ended": identity["ended"]}
    return {
        drill["scenario"]: run | {name: drill[name] for name in (*names, "acknowledged", "lost")}
        for drill in results["drills"]
        if drill["scenario"] in SCENARIOS
    }


def kept() -> dict[str, Any]:
    """The times as they stand in the folder now."""
    return dict(json.loads(MEASURED.read_text())) if MEASURED.exists() else {}


def _index(measured: Measured) -> str:
    lines = [_HEAD, "| scenario | what is lost | writes again | lost |", "|---|---|---|---|"]
    for name, scenario in SCENARIOS.items():
        drill = measured.get(name)
        waits = scenario.promise.writes.until_healed
        seconds = drill and drill["healed_rto_s" if waits else "rto_s"]
        after = " after the heal" if waits else ""
        time = f"{seconds:.1f} s{after}" if seconds is not None else "not measured"
        lost = f"{drill['lost']} of {drill['acknowledged']}" if drill else "not measured"
        lines.append(f"| [{name}]({name}.md) | {scenario.summary} | {time} | {lost} |")
    return "\n".join([*lines, "", "Measured on the reference stack; each page names its run.\n"])


def _page(scenario: Scenario, book: Runbook, measured: Measured) -> str:
    alerts = ", ".join(f"`{alert}`" for alert in book.alerts) or "none: it is planned"
    lines = [
        f"# {scenario.name}\n",
        f"What happened: {scenario.summary}.\n",
        f"Alerts: {alerts}.\n",
        f"Promised: {_promise(scenario.promise)}.\n",
        "## What to do\n",
    ]
    for number, step in enumerate(book.steps, 1):
        lines += [f"{number}. {step.do}\n", f"   ```\n   {step.run}\n   ```\n"]
    lines += ["## How long it takes\n", *_times(scenario, measured)]
    return "\n".join([*lines, f"Drill it: `pytest -m drill --scenario {scenario.name} -k recovery`\n"])


def _promise(promise: RecoveryPromise) -> str:
    said = [f"{what} {_WORDS[how].format(gap=promise.gap_s)}" for what, how in _promised(promise)]
    more = [] if promise.takeover else ["no other node takes over"]
    return "; ".join([*said, *more, "nothing that was acknowledged is lost"])


def _promised(promise: RecoveryPromise) -> list[tuple[str, Continuity]]:
    return [("writes", promise.writes), ("reads", promise.reads)]


def _times(scenario: Scenario, measured: Measured) -> Iterator[str]:
    drill = measured.get(scenario.name)
    if drill is None:
        yield "It has not been measured.\n"
        return
    run = f"Measured on the reference stack by run {drill['run']}, which ended at {drill['ended']}."
    yield f"{run} {drill['lost']} of {drill['acknowledged']} acknowledged writes were lost.\n"
    yield "| | |\n|---|---|"
    waits = {what: how.until_healed for what, how in _promised(scenario.promise)}
    for name, what in _FIGURES:
        needless = waits.get(_BEFORE_HEAL.get(name, ""), False) or not waits.get(_AFTER_HEAL.get(name, ""), True)
        if drill[name] is not None and not needless:
            yield f"| {what} | {drill[name]:.2f} s |"
    yield ""


def main() -> None:
    """Write every page, with the times of a drill's results where they are given."""
    measured = kept()
    for results in sys.argv[1:]:
        measured |= measured_of(json.loads(Path(results).read_text()))
    FOLDER.mkdir(exist_ok=True)
    if sys.argv[1:]:
        MEASURED.write_text(json.dumps(dict(sorted(measured.items())), indent=1) + "\n")
    for name, content in pages(measured).items():
        (FOLDER / name).write_text(content)


if __name__ == "__main__":
    main()
