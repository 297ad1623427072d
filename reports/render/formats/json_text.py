"""JSON as every format here writes it: equal values give equal bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime


def json_text(value: object) -> bytes:
    """Sorted keys, indented by one, UTF-8, a newline at the end."""
    return f"{json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()


def zulu(moment: datetime) -> str:
    """RFC 3339 in UTC, with milliseconds: ``2026-11-21T01:18:00.000Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
