"""Where the canary's system can leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Canary


@dataclass(frozen=True)
class CanaryFlaws(Flaws[Canary]):
    """The canary driven through a small system with one leak.

    Args:
        leak: ``clear-column`` keeps a note in clear in the database, ``log`` writes bodies into the edge's log, and
            ``wire`` leads to the routers without TLS.
    """

    leak: Literal["", "clear-column", "log", "wire"] = ""
