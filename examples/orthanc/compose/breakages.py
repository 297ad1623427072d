"""Ways to break how the containers of the project are run, each of which a named check must notice.

    broken = BREAKAGES[0].apply(document)    # of compose.yaml, as `yaml.safe_load` reads it

A breakage is what somebody would do by hand to one service of the file.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from examples.orthanc.compose.project import IMAGE

_SOCKET = "/var/run/docker.sock:/var/run/docker.sock:ro"


@dataclass(frozen=True)
class ComposeBreakage:
    """One way to break a service.

    Args:
        check: id of the check that must say FAIL, of this service's container.
        settings: take the place of the service's own; one that is None is left out.
        volume: mounted beside the others.
    """

    name: str
    check: str
    settings: Mapping[str, object] = field(default_factory=dict)
    volume: str = ""
    service: str = "cache"

    def apply(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The compose file with this in it."""
        broken = copy.deepcopy(dict(document))
        service = broken["services"][self.service]
        service.update(self.settings)
        for name, value in self.settings.items():
            if value is None:
                del service[name]
        if self.volume:
            service["volumes"].append(self.volume)
        return broken


BREAKAGES = (
    ComposeBreakage("it is privileged", "containers/not_privileged", {"privileged": True}),
    ComposeBreakage("it runs as root", "containers/not_run_as_root", {"user": "root"}),
    ComposeBreakage("it has no memory limit", "containers/memory_limited", {"mem_limit": None}),
    ComposeBreakage("it may start any number of processes", "containers/processes_limited", {"pids_limit": None}),
    ComposeBreakage("the engine's socket is mounted", "containers/engine_socket_not_mounted", volume=_SOCKET),
    ComposeBreakage(
        "it is in the network of its host",
        "containers/host_namespaces_not_shared",
        {"network_mode": "host", "networks": None, "expose": None},
        service="archive",
    ),
    ComposeBreakage(
        "a password stands in its environment",
        "containers/no_secret_in_configuration",
        {"environment": {"REDIS_PASSWORD": "correct-horse"}},
    ),
    ComposeBreakage("it has no health check", "containers/health_checks_can_fail", {"healthcheck": None}),
    ComposeBreakage(
        "its health check cannot fail",
        "containers/health_checks_can_fail",
        {"healthcheck": {"test": ["CMD-SHELL", "redis-cli ping || exit 0"]}},
    ),
    ComposeBreakage("its image is named by a tag", "containers/images_pinned_by_digest", {"image": IMAGE}),
    ComposeBreakage("its system can be written", "containers/root_file_system_read_only", {"read_only": False}),
    ComposeBreakage("it keeps its capabilities", "containers/capabilities_dropped", {"cap_drop": None}),
    ComposeBreakage("it may gain privileges", "containers/no_new_privileges", {"security_opt": None}),
    ComposeBreakage(
        "no system call is filtered",
        "containers/system_calls_filtered",
        {"security_opt": ["no-new-privileges:true", "seccomp:unconfined"]},
    ),
    ComposeBreakage("it stays away once it failed", "containers/restarted_after_failure", {"restart": "no"}),
    ComposeBreakage("its log grows for ever", "containers/logs_kept_within_bounds", {"logging": None}),
    ComposeBreakage(
        "it is in the network of the database", "containers/segments_separated", {"networks": ["worklists", "data"]}
    ),
)
