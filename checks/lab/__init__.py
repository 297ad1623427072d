"""The lab: builds the smallest real thing of a kind, clean or broken in exactly one way, to prove checks against.

    def _certificate_expired(lab: Lab) -> Edge:
        return lab.build(EdgeFlaws(certificate="expired"))

What can be broken of a kind of target is declared once, as the fields of its record of flaws, one file a kind; the
builders in ``fixtures/lab`` take the same record. Nothing is built here.
"""

from __future__ import annotations

from typing import Protocol

from checks.lab.api import ApiFlaws
from checks.lab.backups import BackupFlaws
from checks.lab.cache import CacheFlaws
from checks.lab.canary import CanaryFlaws
from checks.lab.containers import ContainerFlaws
from checks.lab.database import DatabaseFlaws
from checks.lab.drills import DrillFlaws
from checks.lab.edge import EdgeFlaws, LegacyEdgeFlaws, ScriptedEdgeFlaws
from checks.lab.federation import FederationFlaws
from checks.lab.flaws import Flaws, Target
from checks.lab.hosts import HostFlaws
from checks.lab.inference import InferenceFlaws
from checks.lab.loads import GpuFlaws, LoadFlaws
from checks.lab.mechanism import ClaimFlaws, MechanismFlaws
from checks.lab.monitoring import MonitoringFlaws
from checks.lab.restore_drills import RestoreDrillFlaws

__all__ = [
    "ApiFlaws",
    "BackupFlaws",
    "CacheFlaws",
    "CanaryFlaws",
    "ClaimFlaws",
    "ContainerFlaws",
    "DatabaseFlaws",
    "DrillFlaws",
    "EdgeFlaws",
    "FederationFlaws",
    "Flaws",
    "GpuFlaws",
    "HostFlaws",
    "InferenceFlaws",
    "Lab",
    "LegacyEdgeFlaws",
    "LoadFlaws",
    "MechanismFlaws",
    "MonitoringFlaws",
    "RestoreDrillFlaws",
    "ScriptedEdgeFlaws",
    "Target",
]


class Lab(Protocol):
    """Builds targets out of fresh real services, which are gone when the proof ends."""

    def build(self, flaws: Flaws[Target]) -> Target:
        """The target that these flaws are of; a record without arguments makes its clean twin.

        Raises:
            CannotLookError: this machine cannot build it.
        """
        ...
