"""Which formats there are: a name, and what writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.render.formats.csv_lines import csv_lines
from reports.render.formats.hdf import hdf
from reports.render.formats.markdown import markdown
from reports.render.formats.prometheus import prometheus
from reports.render.formats.sarif import sarif
from reports.verify import Verified

FORMATS: Mapping[str, Callable[[Verified], bytes]] = {
    "csv": csv_lines,
    "hdf": hdf,
    "markdown": markdown,
    "prometheus": prometheus,
    "sarif": sarif,
}
