"""Recovery drills in a table, a row for each scenario, and what else there is to say of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from rich import box
from rich.table import Table

from checks.targets import Continuity, scenario_of
from reports.drill_figures import DrillRecord

_CONFIDENCE = 0.95
_TITLE = "Recovery drills: RTO of writes and of reads"
_COLUMNS = ("writes", "reads", "gap", "lost", "replicas")


def drill_table(drills: Sequence[DrillRecord]) -> Table:
    """Scenarios with recovery time of writes and reads, longest time without an acknowledgement, lost writes, and time
    to full redundancy after the heal.
    """
    table = Table(
        title=_TITLE, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1)
    )
    table.add_column("scenario", overflow="fold")
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
        if parts := _split(drill):
            yield f"  {parts}"
        if found := list(_found(drill)):
            yield f"  {', '.join(found)}"
    yield from _repeated(drills)
    steps = [drill.resolution_s for drill in drills if drill.resolution_s is not None]
    if steps:
        yield f"RTO to within {max(steps):.2f} s; lost: of the acknowledged writes; replicas: after the heal"
    if any(drill.writes.until_healed or drill.reads.until_healed for drill in drills):
        yield "+ after the heal, until which they may wait"


def _split(drill: DrillRecord) -> str:
    """Where the time went, by the harness's own clock; empty where no node began to take writes."""
    if drill.taken_over_s is None or drill.rto_s is None:
        return ""
    steps = [("detect", drill.lock_lost_s), ("elect", drill.elected_s), ("promote", drill.taken_over_s)]
    known = [(name, at) for name, at in steps if at is not None]
    seen, before = [], 0.0
    for name, at in [*known, ("route", drill.rto_s)]:
        seen.append(f"{name} {max(0.0, at - before):.2f} s")
        before = max(before, at)
    return " + ".join(seen)


def _repeated(drills: Sequence[DrillRecord]) -> Iterator[str]:
    """Of what was played more than once: the spread, and what so many runs without a fault support."""
    for scenario in dict.fromkeys(scenario_of(drill.scenario) for drill in drills):
        runs = [drill for drill in drills if scenario_of(drill.scenario) == scenario]
        times = [t for run in runs if (t := _writes_s(run)) is not None]
        if len(runs) == 1 or not times:
            continue
        clean = sum(_clean(run) for run in runs)
        spread = f"RTO writes {median(times):.2f} s in the median, {max(times):.2f} s at most"
        yield f"{scenario}, {len(runs)} runs: {spread}; {clean} came back and lost nothing"
        if clean == len(runs):
            # Clopper and Pearson, none of n: https://en.wikipedia.org/wiki/Rule_of_three_(statistics)
            bound = 1 - (1 - _CONFIDENCE) ** (1 / clean)
            yield f"  with {_CONFIDENCE:.0%} confidence, no more than {bound:.0%} of such failures end otherwise"


def _writes_s(drill: DrillRecord) -> float | None:
    return drill.healed_rto_s if drill.writes.until_healed else drill.rto_s


def _clean(drill: DrillRecord) -> bool:
    kept = drill.complete_read and not drill.lost and not drill.two_primaries_seen and drill.ledger_intact
    return kept and _writes_s(drill) is not None


def _found(drill: DrillRecord) -> Iterator[str]:
    if drill.lost and drill.lost_span_s is not None:
        yield f"lost over {drill.lost_span_s:.1f} s"
    rows = {"corrupt": drill.corrupt, "duplicate": drill.duplicate, "failed yet present": drill.failed_yet_present}
    yield from (f"{count} {what}" for what, count in rows.items() if count)
    if drill.reads is Continuity.WITHHOLD:
        yield f"{drill.answered_while_broken} of {drill.reads_while_broken} reads answered while they must be withheld"
    if drill.two_primaries_seen:
        yield "two writable primaries seen"
    if not drill.ledger_intact:
        yield "the ledger does not hold"


def _recovery(promised: Continuity, broken_s: float | None, healed_s: float | None) -> str:
    return f"+{_seconds(healed_s)}" if promised.until_healed else _seconds(broken_s)


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} s"
