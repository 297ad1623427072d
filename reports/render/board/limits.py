"""How much of a report one sheet of paper shows; the rest is counted on it, and stands on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SheetLimits:
    """How many items of each kind are printed.

    Args:
        points: what would turn the decision green.
        measures: figures beside their limits; those that do not hold come first.
        reasons: why something was not examined.
        changes: since the last approval.
        waivers: accepted risks.
        size: of the letters.
    """

    points: int = 8
    measures: int = 14
    reasons: int = 8
    changes: int = 8
    waivers: int = 6
    size: Literal["larger", "usual", "smaller", "smallest"] = "larger"


# From the most to the least: a sheet is printed with the first that fit.
SHEETS = (
    SheetLimits(),
    SheetLimits(size="usual"),
    SheetLimits(points=6, measures=12, reasons=5, changes=6, waivers=5, size="usual"),
    SheetLimits(points=6, measures=12, reasons=5, changes=6, waivers=5, size="smaller"),
    SheetLimits(points=4, measures=10, reasons=3, changes=4, waivers=4, size="smaller"),
    SheetLimits(points=3, measures=8, reasons=2, changes=3, waivers=3, size="smallest"),
)
