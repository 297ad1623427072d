"""What a check may look through: one Protocol per kind of target, and the frozen records that they return.

The implementations live in ``fixtures``; a check never knows whether it looks at the reference stack, at somebody's
deployment or at one broken service of the lab. A method that cannot look raises
`checks.model.CannotLookError`. Nothing returned here holds a token, a password, a key or PHI.

What may be done to a host, to see whether a promise survives it, is a Protocol too: `Kill`, `Pause`,
`Isolate`, `Impair` and `Confine`.
"""

from checks.targets.abilities import Confine, Impair, Isolate, Kill, Pause
from checks.targets.api import Account, Api, Login, Operation
from checks.targets.attempt import Attempt
from checks.targets.backups import BackupInfo, Backups, Restoration
from checks.targets.cache import Cache, CacheAccount, CacheReply
from checks.targets.canary import Canary, Sighting, Trace
from checks.targets.containers import (
    ContainerFacts,
    ContainerPath,
    Containers,
    HealthCheck,
    LogStore,
    Mount,
    Seccomp,
    Setting,
    Shape,
)
from checks.targets.database import Database
from checks.targets.drills import Continuity, Drill, Drills, RecoveryPromise, nth_run, scenario_of
from checks.targets.edge import (
    Certificate,
    Edge,
    EdgeAddress,
    Handshake,
    KeyExchange,
    PathCertificate,
    PlainAddress,
)
from checks.targets.federation import (
    Federation,
    JointAnswer,
    NodeContact,
    Participation,
    ProblemPart,
    RoleAnswer,
    Training,
)
from checks.targets.hosts import FileFacts, Hosts, ProcessFacts
from checks.targets.inference import Inference, ModelServerState
from checks.targets.latencies import Latencies, Objective
from checks.targets.load import Accelerator, GeneratorProcess, Load, Loads, LoadSchedule, Mark, Slice, Written
from checks.targets.monitoring import Alert, AlertRule, Monitoring, ScrapeState
from checks.targets.observed import Observable, ObservedFact
from checks.targets.privacy import Mechanism, NodeNoise, PrivacyClaim, ReleasedNoise, Repetition, Spending
from checks.targets.reply import Reply
from checks.targets.restore_drills import DamagedRestore, PointInTime, RestoreDrills, RestoreStep
from checks.targets.sent import Effect, Sent
from checks.targets.trail import AuditTrail, TrailEntry

__all__ = [
    "Accelerator",
    "Account",
    "Alert",
    "AlertRule",
    "Api",
    "Attempt",
    "AuditTrail",
    "BackupInfo",
    "Backups",
    "Cache",
    "CacheAccount",
    "CacheReply",
    "Canary",
    "Certificate",
    "Confine",
    "ContainerFacts",
    "ContainerPath",
    "Containers",
    "Continuity",
    "DamagedRestore",
    "Database",
    "Drill",
    "Drills",
    "Edge",
    "EdgeAddress",
    "Effect",
    "Federation",
    "FileFacts",
    "GeneratorProcess",
    "Handshake",
    "HealthCheck",
    "Hosts",
    "Impair",
    "Inference",
    "Isolate",
    "JointAnswer",
    "KeyExchange",
    "Kill",
    "Latencies",
    "Load",
    "LoadSchedule",
    "Loads",
    "LogStore",
    "Login",
    "Mark",
    "Mechanism",
    "ModelServerState",
    "Monitoring",
    "Mount",
    "NodeContact",
    "NodeNoise",
    "Objective",
    "Observable",
    "ObservedFact",
    "Operation",
    "Participation",
    "PathCertificate",
    "Pause",
    "PlainAddress",
    "PointInTime",
    "PrivacyClaim",
    "ProblemPart",
    "ProcessFacts",
    "RecoveryPromise",
    "ReleasedNoise",
    "Repetition",
    "Reply",
    "Restoration",
    "RestoreDrills",
    "RestoreStep",
    "RoleAnswer",
    "ScrapeState",
    "Seccomp",
    "Sent",
    "Setting",
    "Shape",
    "Sighting",
    "Slice",
    "Spending",
    "Trace",
    "TrailEntry",
    "Training",
    "Written",
    "nth_run",
    "scenario_of",
]
