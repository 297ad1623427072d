"""Numbers that people give on the command line."""

from __future__ import annotations

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A finite number within a range: ``nan`` is outside every range, and ``inf`` is no number to reckon with."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  click's own types
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """See `click.ParamType.convert`."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
