"""``clinical-gate report history --nightly``: whether the newest of a series of nightly reports is there, and well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from loadtests.exit_codes import ExitCode
from reports.as_published import verify_as_entered
from reports.files import write_atomically
from reports.history import Entry, RunEnded
from reports.measured import measured
from reports.nightly import Night, NightFault, NightlyTerms, NightRemark, remarks
from reports.refusals import UnreadableError, VerificationError
from reports.render.formats.nightly import nightly_metrics


@dataclass(frozen=True)
class NightlyOptions:
    """What was asked of the nights.

    Args:
        folder: holds the reports, each by the id of its run.
        key: whose reports count.
        metrics: where the Prometheus text file goes; None for nowhere.
    """

    folder: Path
    key: SSlibKey
    terms: NightlyTerms
    metrics: Path | None


def say_nights(entries: Sequence[Entry], options: NightlyOptions) -> ExitCode:
    """Judge the newest night of each target, and say it; 1 when anything is amiss."""
    now = datetime.now(UTC)
    ended = [entry for entry in entries if isinstance(entry, RunEnded) and entry.keyid == options.key.keyid]
    found: dict[str, tuple[Sequence[Night], Sequence[NightRemark]]] = {}
    for target in sorted({entry.subject for entry in ended}):
        nights, broken = _read([entry for entry in ended if entry.subject == target], options)
        found[target] = (nights, (*broken, *remarks(nights, options.terms, now)))
    if not found:
        msg = f"{options.folder} has no report that the key {options.key.keyid[:16]} signed"
        raise UnreadableError(msg)
    if options.metrics is not None:
        try:
            write_atomically(options.metrics, nightly_metrics(found, now))
        except OSError as problem:
            msg = f"cannot write {options.metrics}: {problem.strerror}"
            raise UnreadableError(msg) from problem
    for target, (known, seen) in found.items():
        newest = known[-1] if known else None
        head = "AMISS" if seen else "WELL"
        click.echo(f"{head}  {target}: {len(known)} nights" + (f", the newest {newest.run_id}" if newest else ""))
        for remark in seen:
            click.echo(f"  {remark.fault.value}: {remark.text}")
    return ExitCode.DOES_NOT_HOLD if any(seen for _, seen in found.values()) else ExitCode.HOLDS


def _read(entries: Sequence[RunEnded], options: NightlyOptions) -> tuple[list[Night], list[NightRemark]]:
    """The nights that are needed, oldest first; of the newest, what cannot be believed is told."""
    nights: list[Night] = []
    broken: list[NightRemark] = []
    for entry in entries[-options.terms.window - 1 :]:
        try:
            document = verify_as_entered(options.folder / entry.run_id, options.key, entry.report).document
        except (VerificationError, UnreadableError) as problem:
            if entry is entries[-1]:
                broken.append(NightRemark(NightFault.RED, f"report {entry.run_id} does not hold: {problem}"))
            continue  # an older one was thrown away: fewer nights to compare with
        nights.append(Night(entry.run_id, entry.ended, entry.decision, measured(document)))
    return nights, broken
