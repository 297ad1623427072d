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


@dataclass(frozen=True)
class ScrapeState:
    """One target that is scraped, as of its last scrape; several may share job and instance.

    ``pool`` is the name of its scrape configuration, ``labels`` are those that its series get, ``error`` is what went
    wrong.
    """

    pool: str
    labels: Mapping[str, str]
    url: str
    up: bool
    error: str = ""


@dataclass(frozen=True)
class AlertRule:
    """One alerting rule that is loaded; several may share a name.

    ``error`` says why it cannot be evaluated, ``blind`` are the selectors for want of whose series it can never fire,
    and ``unread`` says why that cannot be told; each is empty where nothing is wrong.
    """

    name: str
    group: str
    expression: str
    error: str = ""
    blind: tuple[str, ...] = ()
    unread: str = ""


@runtime_checkable
class Monitoring(Protocol):
    """Prometheus, Alertmanager and the receiver."""

    def rules(self) -> tuple[str, ...]:
        """Names of the alerting rules that Prometheus has loaded."""
        ...

    def targets(self) -> tuple[ScrapeState, ...]:
        """Every active target, scraped at least once."""
        ...

    def alert_rules(self) -> tuple[AlertRule, ...]:
        """Every alerting rule that Prometheus has loaded."""
        ...

    def provoke(self, timeout_s: float) -> Alert:
        """Stop one scraped service, wait for its alert at the receiver, then start the service again."""
        ...
