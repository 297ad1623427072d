"""What can be wrong with the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.lab.flaws import Flaws
from checks.targets import Api


@dataclass(frozen=True)
class ApiFlaws(Flaws[Api]):
    """The router over a fresh database and cache.

    Args:
        settings: dotted setting -> value in place of the reference one, e.g. ``{"session.token_seconds": 86400}``.
        documented: it lists its operations itself, of which the description does not name all.
        sql: run as superuser in the database before the router starts.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    sql: str = ""
    documented: bool = False
