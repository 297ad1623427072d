"""What the application offers beside records: health pages, aggregates, inference."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from checks.application.request import STRICT, Path, Request

Flavour = Literal["openai", "ollama"]


@dataclass(frozen=True, config=STRICT)
class Health:
    """A page that tells how the application is: by its status alone, or also by what it says of each part.

    Args:
        states: whether every status, state, up or healthy in its JSON must be well.
    """

    path: Path
    states: bool = True


@dataclass(frozen=True, config=STRICT)
class Aggregates:
    """Differentially private answers. Placeholders: kind, column, cohort-free; ``username`` and ``epsilon`` of a budget.

    Args:
        role: who may ask.
        ask: one fresh release; the answer's ``value`` and ``values`` by JSON pointer.
        budget: what the caller has spent and has left; None when it is not told.
        set_budget: gives ``username`` a budget of ``epsilon``, as an administrator; None when there is no way.
        train: starts rounds of federated learning, as an administrator; None when there is no such thing.
    """

    role: str
    ask: Request
    value: str = "/value"
    budget: Request | None = None
    spent: str = "/spent"
    set_budget: Request | None = None
    train: Request | None = None


@dataclass(frozen=True, config=STRICT)
class Inference:
    """How the application passes prompts on: its flavour, the path that goes before, and the model's name there."""

    flavour: Flavour = "openai"
    prefix: str = ""
    model: str = ""
    roles: tuple[str, ...] = ()
