"""Which formats there are: a name, and what writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.render.formats.csv_lines import csv_lines
from reports.render.formats.sarif import sarif
from reports.verify import Verified

FORMATS: Mapping[str, Callable[[Verified], bytes]] = {
    "csv": csv_lines,
    "sarif": sarif,
}
