"""The tables of the benchmark: rates and latencies, and the processor time behind each row."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.wrk import Measured
from checks.application.load import Action
from checks.targets import Latencies, Load
from fixtures.watch.processors import CpuWatch

KPI_RATE, KPI_P95_MS = 1000.0, 200.0
_PARTS = ("edge", "router", "database", "cache", "inference", "generator", "monitoring")


class RouterReport:
    """The figures of the benchmark: one table of rates and latencies, one of the processor time behind each row."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rates = Table("measurement", box=None, pad_edge=False)
        for column in ("n", "per s", "p50 ms", "p95 ms", "p99 ms", "bad", "1st token p95"):
            self._rates.add_column(column, justify="right")
        self._cores = Table("cores in use", box=None, pad_edge=False)
        for part in _PARTS:
            self._cores.add_column(part, justify="right")
        self._notes: list[str] = []

    def closed(self, name: str, seen: Measured, watch: CpuWatch) -> None:
        """A measurement by wrk."""
        bad = seen.bad_status + seen.broken
        self._row(name, seen.requests, seen.rate, (seen.p50_ms, seen.p95_ms, seen.p99_ms), bad=bad, watch=watch)
        self._kpi(name, seen.rate, seen.p95_ms)

    def open(self, name: str, load: Load, watch: CpuWatch, *, kind: Action) -> None:
        """A measurement by the own generator: of its requests those of one kind, whatever else its users do."""
        found = next((k for k in load.kinds if k.kind == kind), None)
        if not load.complete or found is None:
            self._notes.append(f"{name}: incomplete: {load.problem or 'nothing recorded'}")
            return
        token = next((k for k in load.kinds if k.kind == f"{kind}:first_token"), None)
        watch.know("generator", load.generator_cpu)
        bad, rate = sum(found.errors.values()), found.total / load.seconds
        first = f"{token.percentile(0.95):.1f}" if token else ""
        self._row(name, found.total, rate, _percentiles(found), bad=bad, watch=watch, first=first)
        if not token:
            self._kpi(name, rate, found.percentile(0.95))

    def note(self, text: str) -> None:
        """A line below the tables."""
        self._notes.append(text)

    def show(self) -> None:
        """Print what was measured."""
        for table in (self._rates, self._cores):
            self._console.print(table)
            self._console.print()
        for note in self._notes:
            self._console.print(note, soft_wrap=True, highlight=False)

    def _kpi(self, name: str, rate: float, p95_ms: float) -> None:
        self._notes.append(
            f"{name}: {rate / KPI_RATE:.2f} times the published {KPI_RATE:g} requests/s;"
            f" p95 {p95_ms:.1f} ms, {KPI_P95_MS:g} ms allowed"
        )

    def _row(
        self,
        name: str,
        total: int,
        rate: float,
        percentiles: tuple[float, ...],
        *,
        bad: int,
        watch: CpuWatch,
        first: str = "",
    ) -> None:
        self._rates.add_row(name, str(total), f"{rate:.1f}", *(f"{p:.1f}" for p in percentiles), str(bad), first)
        cores = watch.cores()
        self._cores.add_row(name, *(f"{cores.get(part, 0):.2f}" for part in _PARTS))


def _percentiles(found: Latencies) -> tuple[float, ...]:
    return tuple(found.percentile(share) for share in (0.5, 0.95, 0.99))
