"""What a run measured, a name and a number each: RTO and RPO of drills, p95 of loads, epsilon of mechanisms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reports.document import ReportDocument

Kind = Literal["RTO", "RPO", "p95", "epsilon", "epsilon spent"]


@dataclass(frozen=True)
class MeasuredFigure:
    """A figure of which more is worse; ``value`` is None where it could not be measured.

    Args:
        of: what was measured: a drill's scenario, a load's profile and kind of request, a mechanism and where it is.
        unit: ``s``, ``ms``, or empty for epsilon.
    """

    kind: Kind
    of: tuple[str, ...]
    value: float | None
    unit: Literal["s", "ms", ""]

    @property
    def shown(self) -> str:
        """E.g. ``7.31 s``."""
        return "not known" if self.value is None else f"{self.value:.4g} {self.unit}".rstrip()


def measured(document: ReportDocument) -> tuple[MeasuredFigure, ...]:
    """The figures of a report; of what was not tried there is none."""
    return (*_drills(document), *_loads(document), *_privacy(document))


def _drills(document: ReportDocument) -> Iterator[MeasuredFigure]:
    for drill in document.drills:
        # What may wait until the heal has its recovery time from then on.
        rto_s = drill.healed_rto_s if drill.writes.until_healed else drill.rto_s
        yield MeasuredFigure("RTO", (drill.scenario,), rto_s, "s")
        lost = drill.lost_span_s if drill.complete_read else None
        yield MeasuredFigure("RPO", (drill.scenario,), lost, "s")


def _loads(document: ReportDocument) -> Iterator[MeasuredFigure]:
    for load in document.load:
        for kind in load.kinds:
            yield MeasuredFigure("p95", (load.profile, kind.kind), kind.p95_ms, "ms")


def _privacy(document: ReportDocument) -> Iterator[MeasuredFigure]:
    for claim in document.privacy:
        yield MeasuredFigure("epsilon", (claim.source, claim.mechanism), claim.epsilon, "")
        if claim.asked:
            yield MeasuredFigure("epsilon spent", (claim.source, claim.mechanism), claim.epsilon_spent, "")
