"""Recovery drills in a table, a row for each scenario, and what else there is to say of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from checks.targets import Continuity
from reports.figures import DrillRecord

_COLUMNS = ("RTO writes", "RTO reads", "longest gap", "lost", "redundancy")


def drill_table(drills: Sequence[DrillRecord]) -> Table:
    """Scenarios with recovery time of writes and reads, longest time without an acknowledgement, lost writes, and time
    to full redundancy after the heal.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Recovery drill", overflow="fold")
    for title in _COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    for drill in drills:
        table.add_row(
            drill.scenario,
            _recovery(drill.writes, drill.rto_s, drill.healed_rto_s),
            _recovery(drill.reads, drill.read_rto_s, drill.healed_read_rto_s),
            _seconds(drill.longest_gap_s),
            f"{drill.lost} of {drill.acknowledged}" if drill.complete_read else "not known",
            _seconds(drill.redundancy_s),
        )
    return table


def drill_lines(drills: Sequence[DrillRecord]) -> Iterator[str]:
    """What was broken, what was found besides, and what the table's signs mean."""
    for drill in drills:
        yield f"{drill.scenario}: {drill.fault}"
        if found := list(_found(drill)):
            yield f"  {', '.join(found)}"
    steps = [drill.resolution_s for drill in drills if drill.resolution_s is not None]
    if steps:
        yield f"RTO to within {max(steps):.2f} s; lost: of the acknowledged writes; redundancy: after the heal"
    if any(Continuity.WAIT in (drill.writes, drill.reads) for drill in drills):
        yield "+ after the heal, until which they may wait"


def _found(drill: DrillRecord) -> Iterator[str]:
    if drill.lost and drill.lost_span_s is not None:
        yield f"lost over {drill.lost_span_s:.1f} s"
    rows = {"corrupt": drill.corrupt, "duplicate": drill.duplicate, "failed yet present": drill.failed_yet_present}
    yield from (f"{count} {what}" for what, count in rows.items() if count)
    if drill.two_primaries_seen:
        yield "two writable primaries seen"
    if not drill.ledger_intact:
        yield "the ledger does not hold"


def _recovery(promised: Continuity, broken_s: float | None, healed_s: float | None) -> str:
    return f"+{_seconds(healed_s)}" if promised is Continuity.WAIT else _seconds(broken_s)


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} s"
