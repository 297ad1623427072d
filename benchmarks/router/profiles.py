"""The loads of this benchmark, and the kind of request that the row of each is about."""

from __future__ import annotations

from checks.application.load import Action
from loadtests.schedules.profiles import Profile, load_profile, make_profile

READ: Action = "patient.read"
CHAT: Action = "inference.chat"


def read_profile(rate: float, seconds: float) -> Profile:
    """A hundred users of the profile ``kpi``: 99 of 100 requests are reads of single patients, the others chats."""
    kpi = load_profile("kpi").changed(users=100).at_rate(rate)
    return make_profile(kpi.model_dump() | {"seconds": seconds})


def chat_profile(users: int, seconds: float) -> Profile:
    """Clinicians who ask for 16 tokens every two seconds."""
    return make_profile(
        {
            "name": f"inference-{users}",
            "users": users,
            "think_s": (1, 3),
            "warm_up_s": 1,
            "seconds": seconds,
            "timeout_s": 20,
            "output_tokens": (16, 16),
            "roles": {"clinician": 1.0},
        }
    )
