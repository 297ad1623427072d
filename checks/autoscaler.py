"""A Kubernetes HorizontalPodAutoscaler as a policy states it; `loadtests.capacity.autoscaling` plays it on a recorded
load.

See https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ (autoscaling/v2).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScalingPolicy(_Strict):
    """A scaling policy: at most so many pods, or per cent of the replicas, within a period."""

    pods: Count | None = None
    percent: Count | None = None
    period_s: Annotated[float, Field(gt=0, le=1800)]

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.pods is None) == (self.percent is None):
            msg = "a scaling policy is either a number of pods or per cent of the replicas"
            raise ValueError(msg)
        return self


class Direction(_Strict):
    """How fast the number may change in one direction; ``select`` says which policy counts when there are several."""

    window_s: Annotated[float, Field(ge=0, le=3600)]
    policies: Annotated[tuple[ScalingPolicy, ...], Field(min_length=1)]
    select: Literal["max", "min", "disabled"] = "max"


_UP = Direction(window_s=0, policies=(ScalingPolicy(percent=100, period_s=15), ScalingPolicy(pods=4, period_s=15)))
_DOWN = Direction(window_s=300, policies=(ScalingPolicy(percent=100, period_s=15),))


class Autoscaling(_Strict):
    """One autoscaler. At least one of the metrics: ``utilisation`` is a replica's load over what it can carry, the
    others are per replica. ``start_s`` passes until a new replica serves.
    """

    min_replicas: Count
    max_replicas: Count
    utilisation: Annotated[float, Field(gt=0, le=1)] | None = None
    requests_per_s: Positive | None = None
    users: Positive | None = None
    up: Direction = _UP
    down: Direction = _DOWN
    start_s: Annotated[float, Field(ge=0)] = 30.0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.utilisation is None and self.requests_per_s is None and self.users is None:
            msg = "an autoscaler needs a metric: utilisation, requests_per_s or users"
            raise ValueError(msg)
        if self.min_replicas > self.max_replicas:
            msg = f"min_replicas {self.min_replicas} is above max_replicas {self.max_replicas}"
            raise ValueError(msg)
        return self
