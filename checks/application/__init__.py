"""What an application is, as data; `Application` says all of it, the other records its parts."""

from checks.application.acts import Act, Administration, Canary
from checks.application.application import Application
from checks.application.drill import DrillActs, DrillReading
from checks.application.load import LoadAct, LoadReadBack
from checks.application.log_in import LogIn
from checks.application.request import Json, Request
from checks.application.services import Aggregates, Health, Inference, NodeQuery
from checks.application.storage import Chain, Ciphertext, Protected, Tenancy, Trail

__all__ = [
    "Act",
    "Administration",
    "Aggregates",
    "Application",
    "Canary",
    "Chain",
    "Ciphertext",
    "DrillActs",
    "DrillReading",
    "Health",
    "Inference",
    "Json",
    "LoadAct",
    "LoadReadBack",
    "LogIn",
    "NodeQuery",
    "Protected",
    "Request",
    "Tenancy",
    "Trail",
]
