"""The inference servers behind the router."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class ModelServerState:
    """One inference server: address, whether it is healthy, and whether it produced a token just now."""

    address: str
    healthy: bool
    generated: bool
    problem: str


@runtime_checkable
class Inference(Protocol):
    """The inference servers behind the router."""

    def servers(self) -> tuple[ModelServerState, ...]:
        """Every declared server, asked for its health and for one short completion."""
        ...
