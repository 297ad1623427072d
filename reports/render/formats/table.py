"""Which formats there are: a name, and what writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from reports.render.formats.attestations import svr, test_result, vsa
from reports.render.formats.csv_lines import csv_lines
from reports.render.formats.errors import FormatError
from reports.render.formats.hdf import hdf
from reports.render.formats.markdown import markdown
from reports.render.formats.prometheus import prometheus
from reports.render.formats.sarif import sarif
from reports.verify import Verified

Render = Callable[[Verified], bytes]


def _oscal(module: str, name: str) -> Render:
    """What needs the extra ``oscal``, which is large: imported only where it is asked for."""

    def render(found: Verified) -> bytes:
        try:
            written = getattr(import_module(f"reports.render.formats.oscal.{module}"), name)(found)
        except ModuleNotFoundError as problem:
            msg = "OSCAL needs compliance-trestle: pip install -e '.[oscal]' in the checkout of clinical-gate"
            raise FormatError(msg) from problem
        return bytes(written)

    return render


FORMATS: Mapping[str, Render] = {
    "csv": csv_lines,
    "hdf": hdf,
    "markdown": markdown,
    "oscal": _oscal("results", "assessment_results"),
    "oscal-poam": _oscal("plan", "plan_of_action"),
    "prometheus": prometheus,
    "sarif": sarif,
}
# Statements: what is written is a DSSE envelope, and needs a key to sign with.
STATEMENTS: Mapping[str, Render] = {
    "svr": svr,
    "test-result": test_result,
    "vsa": vsa,
}
