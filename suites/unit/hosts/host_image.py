"""Whether hosts can be containers here: an engine answers, and has the image (``clinical-gate image build``)."""

from __future__ import annotations

import pytest

from fixtures.hosts import HostError
from fixtures.hosts.docker.usable import refuse_unusable


def _why_not() -> str:
    try:
        refuse_unusable()
    except HostError as problem:
        return str(problem)
    return ""


_WHY_NOT = _why_not()
NEEDS_HOST_IMAGE = pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "it can be used")
