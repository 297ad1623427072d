"""A load in the few lines that a board reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.figures import LatencyRecord, LoadRecord, ObjectiveRecord, WrittenRecord

_INSIDE = {
    "first_token": "to first token",
    "first_output_token": "to first output token",
    "per_token": "per later token",
    "per_chunk": "per later chunk",
    "gap": "between chunks",
    "refused": "until refused",
}
_MARKS = 4


def load_lines(load: LoadRecord) -> Iterator[str]:
    """Who and how; latencies by kind; what failed, was good, was written, happened; and how busy the generator was."""
    schedule = f", schedule {load.schedule_digest[:12]}" if load.schedule_digest else ""
    yield f"{load.profile}: {load.users} users for {load.seconds:.0f} s, {load.arrival}, seed {load.seed}{schedule}"
    yield from _table(load)
    if load.availability is not None:
        yield f"  {_failures(load)}"
    if load.goodput is not None:
        yield f"  goodput {_percent(load.goodput)}: answered rightly and within {_objectives(load)}"
    wait, service = (_time(load, name) for name in ("request:wait", "request:service"))
    if wait and service:
        yield f"  p95 of all requests: {wait.p95_ms:.0f} ms until sent, {service.p95_ms:.0f} ms from then on"
    if load.written:
        yield f"  {_written(load.written)}"
    if load.marks:
        shown = ", ".join(f"{mark.what} at {mark.at_s:.1f} s" for mark in load.marks[:_MARKS])
        more = len(load.marks) - _MARKS
        yield f"  {shown}{f', and {more} more' if more > 0 else ''}"
    for gpu in load.accelerators:
        busy, memory = 100 * gpu.utilisation, 100 * gpu.memory
        yield f"  {gpu.name}: busy {busy:.0f} % of the time, at most {memory:.0f} % of its memory in use"
    count = len(load.generators)
    busiest = f", the busiest of {count} processes" if count > 1 else ""
    yield f"  generator CPU {100 * load.generator_cpu:.0f} % of one core{busiest}"
    if not load.complete or load.problem:
        yield f"  incomplete: {load.problem or 'it ended before its time'}"


def _table(load: LoadRecord) -> Iterator[str]:
    rows = [
        (f"  {_INSIDE[part]}" if part else name, kind)
        for kind in load.kinds
        for name, _, part in [kind.kind.partition(":")]
        if not part or part in _INSIDE
    ]
    if not rows:
        return
    width = max(len(name) for name, _ in rows)
    good = bool(load.objectives)
    yield f"  {'':<{width}}  {'n':>6}  {'p50':>6}  {'p95':>6}  {'p99':>6} ms  errors{'    good' if good else ''}"
    for name, kind in rows:
        times = "  ".join(f"{_short(value):>6}" for value in (kind.p50_ms, kind.p95_ms, kind.p99_ms))
        counts = "" if ":" in kind.kind else f"     {sum(kind.errors.values()):>6}"
        counts += f"  {_percent(kind.good / kind.requests):>6}" if counts and good and kind.requests else ""
        yield f"  {name:<{width}}  {kind.requests:>6}  {times}{counts}"


def _failures(load: LoadRecord) -> str:
    causes = sorted(load.errors.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{count:,} {cause}" for cause, count in causes[:_MARKS])
    rest = sum(count for _, count in causes[_MARKS:])
    named += f", {rest:,} otherwise" if rest else ""
    failed = f"{load.failed:,} of {load.requests:,} requests failed{f': {named}' if named else ''}"
    burnt = ""
    if load.burn_rate is not None and load.error_budget is not None:
        burnt = f"; burn rate {load.burn_rate:.2g} of an error budget of {100 * load.error_budget:.3g} %"
    return f"availability {_percent(load.availability or 0.0)}, {failed}{burnt}"


def _objectives(load: LoadRecord) -> str:
    sent = {kind.kind.partition(".")[0] for kind in load.kinds}
    asked = {head: asked for head, asked in sorted(load.objectives.items()) if head in sent}
    return "; ".join(f"{head} {_limits(objective)}" for head, objective in asked.items()) or "any time"


def _limits(asked: ObjectiveRecord) -> str:
    limits = ((asked.total_ms, ""), (asked.first_token_ms, " to the first token"), (asked.per_token_ms, " per token"))
    return ", ".join(f"{limit:g} ms{what}" for limit, what in limits if limit is not None) or "any time"


def _written(written: WrittenRecord) -> str:
    if not written.complete:
        return "writes: what became of them is not known, since not everything could be read back"
    counts: Sequence[tuple[int, str]] = (
        (written.acknowledged, "acknowledged"),
        (written.lost, "of them lost"),
        (written.duplicated, "there twice"),
        (written.refused_yet_present, "refused yet there"),
    )
    return "writes: " + ", ".join(f"{count:,} {what}" for count, what in counts)


def _time(load: LoadRecord, name: str) -> LatencyRecord | None:
    return next((kind for kind in load.kinds if kind.kind == name and kind.requests), None)


def _short(value_ms: float) -> str:
    return f"{value_ms:.0f}" if value_ms >= 10 else f"{value_ms:.1f}"


def _percent(share: float) -> str:
    """Rounded down, so that only all of them are 100 %."""
    return f"{int(share * 10_000) / 100:.2f} %" if share < 1 else "100 %"
