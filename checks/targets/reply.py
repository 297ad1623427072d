"""An HTTP answer, as the edge and the application give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, not followed through redirects. Header names are lower case; seconds by the monotonic clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
