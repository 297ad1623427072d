"""What the load command says at its end, and with which exit code."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.model import Reason, Result, Status
from checks.targets import Load
from loadtests.exit_codes import ExitCode
from loadtests.generator.spec import Share, load_to_json

_COLOURS = {Status.PASS: "green", Status.FAIL: "red"}


def exit_code(record: Load, results: tuple[Result, ...]) -> ExitCode:
    """0 holds, 1 does not hold, 3 unknown. A claim about requests that the profile never sends says nothing here."""
    statuses = {result.status for result in results if result.reason is not Reason.EXAMINED_NOTHING}
    if Status.FAIL in statuses:
        return ExitCode.DOES_NOT_HOLD
    known = statuses and Status.UNKNOWN not in statuses and record.complete
    return ExitCode.HOLDS if known else ExitCode.UNKNOWN


def as_json(record: Load, results: tuple[Result, ...]) -> str:
    """The record with its histograms, and the results."""
    return json.dumps({"load": json.loads(load_to_json(record)), "checks": [asdict(result) for result in results]})


def show(record: Load, results: tuple[Result, ...], address: str, console: Console) -> None:
    """Print a record for a person: latencies in ms from the intended start."""
    count = len(record.generators)
    busiest = f" in the busiest of {count} processes" if count > 1 else ""
    console.print(
        f"{record.profile} on {address}: {record.users} users, {record.arrival}, {record.seconds:g} s, "
        f"seed {record.seed}; generator at {record.generator_cpu:.0%} of one core{busiest}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
    if not record.complete:
        console.print(
            f"[yellow]{Status.UNKNOWN}[/] it did not run to its end: {escape(record.problem)}", soft_wrap=True
        )
        return
    table = Table("kind of request", box=None)
    for column in ("n", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(column, justify="right")
    table.add_column("errors")
    for kind in record.kinds:
        causes = ", ".join(f"{count} {cause}" for cause, count in sorted(kind.errors.items()))
        values = (f"{kind.percentile(share):.1f}" for share in (0.5, 0.95, 0.99, 1.0))
        table.add_row(escape(kind.kind), str(kind.total), *values, escape(causes))
    console.print(table)
    if record.schedule:
        console.print(f"schedule {record.schedule.digest}", soft_wrap=True, highlight=False)
    if record.left_out:
        console.print(f"the application file does not describe: {', '.join(record.left_out)}", soft_wrap=True)
    for result in results:
        if result.reason is Reason.EXAMINED_NOTHING:
            continue
        said = result.explanation or "; ".join(finding.message for finding in result.findings)
        colour = _COLOURS.get(result.status, "yellow")
        console.print(f"[{colour}]{result.status}[/] {result.check_id}: {escape(said)}", soft_wrap=True)
    if silent := [result.check_id for result in results if result.reason is Reason.EXAMINED_NOTHING]:
        console.print(f"not examined by this load: {', '.join(silent)}", soft_wrap=True)


def played(share: Share) -> str:
    """One line on what a worker sent."""
    return f"sent {share.requests:,} requests for {share.users:,} users, {share.failed:,} of them failed"
