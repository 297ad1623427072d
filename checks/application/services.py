"""What the application offers beside records: health pages, aggregates, inference."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
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
class NodeQuery:
    """A query that a hospital node answers, over a cohort that is empty: what it answers is noise and nothing else.

    Args:
        kind: in a word for the report; queries of one kind are judged together.
        request: to every node.
        moves: by how much one patient can move each value, times the root of how many values share the release's noise;
            one number stands for all of them. Reckoned from public bounds, not from what a node calibrates its noise
            with.
        values: JSON pointer to the first value; ``node`` to what the node calls itself, ``stated`` to the multiplier
            that it says it used.
    """

    kind: str
    request: Request
    moves: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (1.0,)
    values: str = "/values/0"
    node: str = "/node"
    stated: str = "/noise_multiplier"


@dataclass(frozen=True, config=STRICT)
class Aggregates:
    """Differentially private answers of the application. Requests may name ``{key}``, fresh for each release.

    Args:
        role: who may ask.
        count: how many patients there are; ``total`` likewise a sum over all of them.
        histogram: over a cohort that is empty, so that what it answers is noise and nothing else.
        value: JSON pointer to the one value of an answer; ``values`` to the first of several.
        participants: JSON pointer to how many hospitals took part; ``noise_scale`` to the standard deviation of one's
            noise; ``clip_low`` and ``clip_high`` to the interval that each one's part was clipped to.
        budget: what the caller has spent, at ``spent``, of what they may.
        set_budget: gives ``{username}`` a budget of ``{epsilon}``, as an administrator.
        train: so many ``{rounds}`` of federated learning, as an administrator.
        node: what the hospital nodes are asked; the first is also asked again and again.
    """

    role: str
    count: Request
    total: Request | None = None
    histogram: Request | None = None
    value: str = "/value"
    values: str = "/values/0"
    participants: str = "/participants"
    noise_scale: str = "/noise/scale"
    clip_low: str = "/clip/low/0"
    clip_high: str = "/clip/high/0"
    budget: Request | None = None
    spent: str = "/spent"
    set_budget: Request | None = None
    train: Request | None = None
    node: tuple[NodeQuery, ...] = ()


@dataclass(frozen=True, config=STRICT)
class Inference:
    """How the application passes prompts on: its flavour, the path that goes before, and the model's name there.

    Args:
        model: empty where an act yields it.
        stream: whether it sends an answer token by token when it is asked to.
    """

    flavour: Flavour = "openai"
    prefix: Annotated[str, Field(pattern=r"^(/.*[^/])?$")] = ""
    model: str = ""
    roles: tuple[str, ...] = ()
    stream: bool = True
