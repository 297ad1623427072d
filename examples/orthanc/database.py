"""The archive's database: PostgreSQL on ``db1`` and ``db2``, which fail over, a database for each institution.

Orthanc makes its own tables, so it must own them when it first starts. It does so as ``orthanc_owner``, and from then
on works as a role that owns nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from examples.common.failover import FailoverPair
from examples.common.postgres import PatroniServer, ServerValues, prefix
from examples.common.program import Premises
from examples.orthanc.people import INSTITUTIONS
from fixtures.services.database.pgbackrest import PgBackRest
from fixtures.services.database.provision import set_password, superuser
from fixtures.services.database.settings import PORT

GATE = "gate"
HOSTS, WITNESS = ("db1", "db2"), "witness"
_LOGINS = (GATE, "metrics")


def database_of(institution: str) -> str:
    """The name of its database, and with ``_archive`` after it that of the role that Orthanc works as."""
    return institution.replace("-", "_")


def role_of(institution: str) -> str:
    """The role that Orthanc works as."""
    return f"{database_of(institution)}_archive"


class ArchiveDatabase:
    """Both servers, and the backups of whichever is primary.

    Args:
        clients: hosts by name from which Orthanc connects.
    """

    def __init__(self, premises: Premises, clients: Mapping[str, str]) -> None:
        self._premises = premises
        self.repository = premises.driver.root / "repository"
        cipher = premises.vault["backup.cipher"]
        self._backups = {name: PgBackRest(premises.host(name), self.repository, cipher) for name in HOSTS}
        archives = [
            {"database": database_of(place), "role": role_of(place), "source": prefix(premises.host(host))}
            for place, host in clients.items()
        ]
        values = {
            "archives": archives,
            "gate": GATE,
            "standbys": sorted({prefix(premises.host(name)) for name in HOSTS}),
            "monitor": prefix(premises.host("monitor")),
            "backups": self._backups,
        }
        self.pair = FailoverPair(premises, HOSTS, WITNESS, ServerValues(values))

    @property
    def primary(self) -> PatroniServer:
        """The server that takes writes now."""
        return self.pair.primary

    @property
    def backup(self) -> PgBackRest:
        """The backups, as the primary's host has them."""
        return self._backups[self.primary.host.name]

    def uri(self, institution: str) -> str:
        """How Orthanc connects (libpq's connection URI)."""
        secret = self._premises.vault[f"postgres.{role_of(institution)}"]
        trust = f"sslmode=verify-full&sslrootcert={self._premises.authority.certificate}"
        hosts = ",".join(f"{host.address}:{PORT}" for host in self.pair.hosts)
        # Of the two it takes the one that is primary, each time that it connects.
        choice = "target_session_attrs=read-write&connect_timeout=2"
        return f"postgresql://{role_of(institution)}:{secret}@{hosts}/{database_of(institution)}?{trust}&{choice}"

    def prepare(self) -> None:
        """Write what either server needs to put its log away."""
        for backup in self._backups.values():
            backup.configure()

    def form(self) -> None:
        """Make roles and databases, once; Orthanc may make its tables now."""
        primary = self.primary
        with superuser(primary.paths, "postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'orthanc_owner'").fetchone():
                return
            primary.execute(self._premises.render("accounts.sql.j2", institutions=self._named(INSTITUTIONS)))
            for role in (*_LOGINS, *(role_of(place) for place in INSTITUTIONS)):
                set_password(connection, role, self._premises.vault[f"postgres.{role}"])
            for place in INSTITUTIONS:
                connection.execute(f"CREATE DATABASE {database_of(place)} OWNER orthanc_owner".encode())
                script = self._premises.render("database.sql.j2", database=database_of(place), role=role_of(place))
                primary.execute(script, database_of(place))
        self.backup.create()

    def close_schema(self) -> None:
        """The tables are there: from now on the archive's roles own nothing, and act as nobody else."""
        for place in INSTITUTIONS:
            values = {"database": database_of(place), "role": role_of(place), "gate": GATE}
            self.primary.execute(self._premises.render("grants.sql.j2", **values), database_of(place))

    def follow(self) -> None:
        """Wait until every commit waits for the standby."""
        self.pair.follow()

    def first_backup(self) -> None:
        """Back everything up, unless a backup is there."""
        if not self.backup.contents().copies:
            self.backup.back_up()

    @staticmethod
    def _named(institutions: Sequence[str]) -> list[str]:
        return [role_of(place) for place in institutions]
