"""What can be wrong with inference servers."""

from __future__ import annotations

from dataclasses import dataclass

from checks.lab.flaws import Flaws
from checks.targets import Inference


@dataclass(frozen=True)
class InferenceFlaws(Flaws[Inference]):
    """Two inference servers, of which ``stopped`` are killed."""

    stopped: int = 0
