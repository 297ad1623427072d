"""Two PostgreSQL that fail over by themselves: Patroni on each, and etcd on both hosts and a third.

pair = FailoverPair(premises, ("db1", "db2"), "witness", ServerValues(...))
Component("lock", pair.members)      # then the first server, which becomes primary, then the second
pair.primary.execute("SELECT 1")     # whichever it is by now
"""

from __future__ import annotations

from collections.abc import Sequence

from examples.common.postgres import PatroniServer, ServerValues
from examples.common.program import Premises
from fixtures.hosts import Host
from fixtures.services import ServiceError
from fixtures.services.database.etcd import EtcdMember
from fixtures.services.database.provision import superuser
from fixtures.services.database.settings import OWNER
from fixtures.wait import DeadlineError, wait_for

_FORM_S = 40.0
_SYNCHRONOUS = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'"


class FailoverPair:
    """The servers, and the members of etcd that hold their leader lock.

    Args:
        names: the hosts of the servers.
        witness: the host of the third member, so that the loss of either server leaves a majority.
    """

    def __init__(self, premises: Premises, names: tuple[str, str], witness: str, values: ServerValues) -> None:
        keepers = tuple(premises.host(name) for name in (*names, witness))
        self.members = tuple(EtcdMember(host, premises.authority, keepers) for host in keepers)
        self.first, self.second = (PatroniServer(premises, name, values, self.members) for name in names)
        self.servers = (self.first, self.second)

    @property
    def hosts(self) -> tuple[Host, Host]:
        """Of both servers."""
        return self.first.host, self.second.host

    @property
    def primary(self) -> PatroniServer:
        """The server that takes writes now.

        Raises:
            ServiceError: none does, within the time of a failover.
        """
        try:
            return wait_for(self._leader, what="a primary", timeout_s=_FORM_S, interval_s=0.1)
        except DeadlineError as late:
            raise ServiceError(str(late)) from late

    def follow(self) -> None:
        """Wait until every commit waits for the standby.

        Raises:
            ServiceError: it does not in time.
        """

        def synchronous() -> bool:
            with superuser(self.primary.paths, "postgres") as connection:
                return connection.execute(_SYNCHRONOUS).fetchone() is not None

        try:
            wait_for(synchronous, what="the standby is synchronous", timeout_s=_FORM_S)
        except DeadlineError as late:
            raise ServiceError(str(late)) from late

    def reload(self) -> None:
        """Let both servers take up what was changed in their files."""
        for server in self.servers:
            server.reload()

    def configure(self, settings: Sequence[str]) -> None:
        """Change settings of Patroni on every server, as ``NAME=VALUE``.

        Raises:
            ServiceError: they were refused.
        """
        server = self.primary
        argv = ["patronictl", "-c", str(server.configuration), "edit-config", "--force", "--quiet"]
        argv += [word for setting in settings for word in ("--set", setting)]
        done = server.host.run(argv, user=OWNER)
        if done.status != 0:
            msg = f"patronictl: {(done.stdout + done.stderr).strip()[-500:]}"
            raise ServiceError(msg)

    def _leader(self) -> PatroniServer | None:
        return next((server for server in self.servers if server.leads()), None)
