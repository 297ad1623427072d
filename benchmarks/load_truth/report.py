"""The table: of each server, the truth and what was seen of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.load_truth.laws import Law, Percentiles, Truth
from benchmarks.load_truth.observers import Seen


class TruthReport:
    """Collects the rows, and what of them is off."""

    def __init__(self) -> None:
        self._table = Table("latency in ms", box=None, pad_edge=False)
        for column in ("n", "p50", "off", "p95", "off", "p99", "off", "late p99"):
            self._table.add_column(column, justify="right", no_wrap=True)
        self.wrong: list[str] = []

    def server(self, law: Law) -> None:
        """Whose rows follow."""
        self._table.add_row(f"[bold]{law.name}[/]")

    def truth(self, arrivals: str, true: Truth) -> None:
        """What must be seen, and what the server has added to it."""
        self._row(f"  {arrivals}, truth", true.latency, [f"({own:.1f})" for own in true.own.ms], "")

    def seen(self, law: Law, seen: Seen) -> None:
        """What was seen."""
        off = [f"{gap:+.1f}" for gap in seen.off_ms] if seen.off_ms else ["", "", ""]
        self._row(f"  {seen.by}", seen.latency, off, "" if seen.late_ms is None else f"{seen.late_ms:.2f}")
        if seen.wrong:
            self.wrong.append(f"{law.name}, {seen.by}: {seen.wrong}")

    def show(self, console: Console) -> None:
        """Print it."""
        console.print(self._table)
        console.print("In brackets: what the server took beyond its law, which is part of the truth.", highlight=False)
        console.print("wrk has no schedule: it adds the requests that it supposes to have missed.", highlight=False)
        for line in self.wrong:
            console.print(f"[red]off:[/] {line}", soft_wrap=True, highlight=False)

    def _row(self, name: str, latency: Percentiles, off: Sequence[str], late: str) -> None:
        pairs = [text for value, gap in zip(latency.ms, off, strict=True) for text in (f"{value:.1f}", gap)]
        self._table.add_row(name, str(latency.total), *pairs, late)
