"""What a run measured: one row per step, and files that keep everything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from checks.targets import Latencies, Load
from loadtests.recording.accelerators import Reading

HEADS = (
    "weights",
    "users",
    "n",
    "failed",
    "TTFT p95 ms",
    "TPOT p95 ms",
    "p95 ms",
    "goodput",
    "tokens/s",
    "GPU memory",
    "GPU busy",
    "sender",
)
_NOTHING = "-"


@dataclass(frozen=True)
class StepRow:
    """One step. Times in ms from the intended start, but for ``per_token``; shares 0..1; None where there is nothing to
    say.

    Args:
        requests: how many chats were meant to start in the measured window, ``failed`` of them without a right answer.
        per_token: 95th percentile, over the answers, of the mean time of a token after the first; None where the server
            does not say how many tokens it sent. Then ``per_chunk``, the same of a chunk, is what it is at most.
        goodput: share of the chats that were answered rightly and kept every objective of the load.
        tokens_per_s: tokens of those chats (see `checks.targets.Load`), over the length of the window.
        gpu_memory: of the fullest GPU; ``gpu_busy`` of the busiest.
        problem: why the step says nothing; empty when it was sent to its end.
    """

    precision: str
    users: int
    requests: int
    failed: int
    first_token: float | None
    per_token: float | None
    per_chunk: float | None
    whole: float | None
    goodput: float | None
    tokens_per_s: float | None
    gpu_memory: float | None
    gpu_busy: float | None
    generator_cpu: float
    problem: str = ""

    def cells(self) -> tuple[str, ...]:
        """As a person reads them."""
        first, per_token, per_chunk, whole = (
            f"{x:.0f}" if x is not None else _NOTHING
            for x in (self.first_token, self.per_token, self.per_chunk, self.whole)
        )
        bounded = per_token if self.per_chunk is None or self.per_token is not None else f"<= {per_chunk}"
        shares = [f"{x:.1%}" if x is not None else _NOTHING for x in (self.goodput, self.gpu_memory, self.gpu_busy)]
        rate = f"{self.tokens_per_s:.0f}" if self.tokens_per_s is not None else _NOTHING
        return (
            self.precision,
            str(self.users),
            str(self.requests),
            str(self.failed),
            first,
            bounded,
            whole,
            shares[0],
            rate,
            *shares[1:],
            f"{self.generator_cpu:.0%}",
        )


def row(precision: str, load: Load) -> StepRow:
    """The row of a load of chats."""
    kinds = {kind.kind: kind for kind in load.kinds}
    whole = Latencies.merged("chats", (kind for name, kind in kinds.items() if ":" not in name))
    first, per_token, per_chunk = (
        Latencies.merged(part, (kind for name, kind in kinds.items() if name.endswith(f":{part}")))
        for part in ("first_token", "per_token", "per_chunk")
    )
    return StepRow(
        precision,
        load.users,
        whole.total,
        whole.failed,
        first_token=_p95(first),
        per_token=_p95(per_token),
        per_chunk=_p95(per_chunk),
        whole=_p95(whole),
        goodput=whole.good / whole.total if whole.total and load.objectives else None,
        tokens_per_s=load.tokens / load.seconds if load.complete else None,
        gpu_memory=max((gpu.memory for gpu in load.accelerators), default=None),
        gpu_busy=max((gpu.utilisation for gpu in load.accelerators), default=None),
        generator_cpu=load.generator_cpu,
        problem="" if load.complete else load.problem or "no reason given",
    )


def _p95(latencies: Latencies) -> float | None:
    return latencies.percentile(0.95) if latencies.total else None


def markdown(title: str, rows: Iterable[StepRow], notes: Sequence[str]) -> str:
    """The table as Markdown: a title, the rows, and what is to be known about them."""
    rows = tuple(rows)
    lines = [f"# {title}", "", _line(HEADS), _line("---:" if head != HEADS[0] else "---" for head in HEADS)]
    lines += [_line(each.cells()) for each in rows]
    said = [f"{each.precision}, {each.users} users: {each.problem}" for each in rows if each.problem]
    return "\n".join([*lines, "", *(f"- {note}" for note in (*said, *notes))]) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def per_second(readings: Iterable[Reading]) -> str:
    """Readings as CSV, a line per second of the window and GPU: highest share of its memory, mean share of its time."""
    seconds: dict[tuple[int, str], list[Reading]] = {}
    for reading in readings:
        seconds.setdefault((int(reading.at_s), reading.name), []).append(reading)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("second", "gpu", "memory", "busy"))
    for (second, name), own in sorted(seconds.items()):
        busy = sum(reading.utilisation for reading in own) / len(own)
        writer.writerow((second, name, f"{max(reading.memory for reading in own):.4f}", f"{busy:.4f}"))
    return text.getvalue()
