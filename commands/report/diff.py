"""``clinical-gate report diff``: what changed between two reports."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from checks.model import Status
from commands.report.signer import REPORT_FOLDER, SignerOptions, key_option, trust_option
from loadtests.exit_codes import ExitCode
from reports.as_published import verify_as_published
from reports.changes import Changes, FigureChange, changes, incomparable
from reports.records import WaiverRecord
from reports.refusals import VerificationError
from reports.verify import Verified


@click.command(name="diff")
@click.argument("old", type=REPORT_FOLDER)
@click.argument("new", type=REPORT_FOLDER)
@key_option
@trust_option
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="By how many percent a time may grow before it is worse.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def diff(
    old: Path, new: Path, key: Path | None, trust_file: Path | None, tolerance: float, *, as_json: bool
) -> ExitCode:
    """Say what changed from the report in OLD to the one in NEW, after verifying both: what is worse first.

    \b
    Exit codes: 0 nothing is worse, 1 something is worse, or a report does not hold, 2 usage or unreadable input,
    3 not comparable: another target, or another kind of run.
    """  # noqa: D301  click reads a real backspace
    asked = SignerOptions(key, trust_file)
    asked.demand_pinned()
    found: list[Verified] = []
    for folder in (old, new):
        try:
            found.append(asked.verified(folder, partial(verify_as_published, folder))[0])
        except VerificationError as problem:
            click.echo(f"DOES NOT HOLD: {folder}: {problem.refusal.value}. {problem}", err=True)
            return ExitCode.DOES_NOT_HOLD
    before, after = (each.document for each in found)
    if wrong := incomparable(before, after):
        click.echo(json.dumps({"comparable": False, "message": wrong}) if as_json else f"NOT COMPARABLE: {wrong}")
        return ExitCode.UNKNOWN
    if before.identity.ended > after.identity.ended:
        msg = f"run {before.identity.run_id} ended after run {after.identity.run_id}: give the older report first"
        raise click.UsageError(msg)
    changed = changes(before, after, tolerance=tolerance / 100)
    if as_json:
        click.echo(json.dumps(_json(changed, found), ensure_ascii=False))
    else:
        _print(changed, found)
    return ExitCode.DOES_NOT_HOLD if changed.worse else ExitCode.HOLDS


def _print(changed: Changes, found: list[Verified]) -> None:
    runs = " to ".join(each.document.identity.run_id for each in found)
    head = "SOMETHING IS WORSE" if changed.worse else "NOTHING IS WORSE"
    click.echo(f"{head}, {found[0].document.identity.name}, from run {runs}")
    if changed.target:
        click.echo("The target has other parts or versions than before.")
    if changed.policy:
        click.echo("It was judged by another policy than before.")
    for fact in changed.facts:
        click.echo(f"  changed   {fact.shown}")
    click.echo(f"  decision  {changed.decision[0].value} -> {changed.decision[1].value}")
    click.echo(f"  score     {changed.score[0]:.1f} -> {changed.score[1]:.1f}")
    for check in changed.checks:
        mark = "worse" if check.worse else "     "
        said = f": {' '.join(check.why.split())}" if check.why else ""
        click.echo(f"  {mark} {_status(check.old)} -> {_status(check.new)}  {check.id} ({check.severity.value}){said}")
    for what, waivers in (("new waiver", changed.waivers), ("waiver ended", changed.ended)):
        for waiver in waivers:
            click.echo(f"  {what}: {waiver.check}, {waiver.owner}, until {waiver.expires}: {waiver.justification}")
    for figure in changed.figures:
        if figure.old != figure.new:
            click.echo(f"  {'worse' if figure.worse else '     '} {_figure(figure)}")


def _status(status: Status | None) -> str:
    return status.value if status else "absent"


def _figure(change: FigureChange) -> str:
    old, new = (replace(change.figure, value=value).shown for value in (change.old, change.new))
    return f"{change.figure.kind} of {', '.join(change.figure.of)}: {old} -> {new}"


def _json(changed: Changes, found: list[Verified]) -> dict[str, object]:
    return {
        "comparable": True,
        "worse": changed.worse,
        "runs": [each.document.identity.run_id for each in found],
        "reports_sha256": [each.digest for each in found],
        "target_changed": changed.target,
        "policy_changed": changed.policy,
        "facts": [
            {
                "part": fact.part,
                "name": fact.name,
                "old": fact.old.value if fact.old else None,
                "new": fact.new.value if fact.new else None,
            }
            for fact in changed.facts
        ],
        "decision": [verdict.value for verdict in changed.decision],
        "score": list(changed.score),
        "checks": [
            {
                "id": check.id,
                "severity": check.severity.value,
                "old": check.old,
                "new": check.new,
                "worse": check.worse,
                "why": check.why,
            }
            for check in changed.checks
        ],
        "new_waivers": [_waiver(waiver) for waiver in changed.waivers],
        "ended_waivers": [_waiver(waiver) for waiver in changed.ended],
        "figures": [
            {
                "kind": change.figure.kind,
                "of": list(change.figure.of),
                "unit": change.figure.unit,
                "old": change.old,
                "new": change.new,
                "worse": change.worse,
            }
            for change in changed.figures
        ],
    }


def _waiver(waiver: WaiverRecord) -> dict[str, object]:
    return waiver.model_dump(mode="json", include={"check", "owner", "justification", "expires"})
