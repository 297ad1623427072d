"""What can be wrong with inference servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Inference


@dataclass(frozen=True)
class InferenceFlaws(Flaws[Inference]):
    """Two inference servers, of which ``stopped`` are killed.

    A ``broken`` one beside them calls itself healthy, and answers 200 with an ``error``, or ``unfinished``.
    """

    stopped: int = 0
    broken: Literal["", "error", "unfinished"] = ""
