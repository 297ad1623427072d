"""Prometheus, Alertmanager and the receiver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Alert:
    """A provoked alert: whether each station saw it, and seconds from the fault to its arrival at the receiver."""

    name: str
    rule_loaded: bool
    fired: bool
    arrived: bool
    seconds: float
    detail: str


@runtime_checkable
class Monitoring(Protocol):
    """Prometheus, Alertmanager and the receiver."""

    def rules(self) -> tuple[str, ...]:
        """Names of the alerting rules that Prometheus has loaded."""
        ...

    def targets(self) -> Mapping[str, bool]:
        """Scrape target -> up."""
        ...

    def rules_without_series(self) -> Mapping[str, tuple[str, ...]]:
        """Alerting rule -> the metrics of its expression that no scraped target exports; empty for a sound rule."""
        ...

    def provoke(self, timeout_s: float) -> Alert:
        """Stop one scraped service, wait for its alert at the receiver, then start the service again."""
        ...
