"""The archive's database: PostgreSQL on ``db1`` with a streaming standby on ``db2``, a database for each institution.

Orthanc makes its own tables, so it must own them when it first starts. It does so as ``orthanc_owner``, and from then
on works as a role that owns nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from examples.common.postgres import StreamingServer, await_streaming, prefix
from examples.common.program import Premises
from examples.orthanc.people import INSTITUTIONS
from fixtures.services.database.pgbackrest import PgBackRest
from fixtures.services.database.provision import set_password, superuser
from fixtures.services.database.settings import PORT

GATE = "gate"
_LOGINS = (GATE, "standby", "metrics")


def database_of(institution: str) -> str:
    """The name of its database, and with ``_archive`` after it that of the role that Orthanc works as."""
    return institution.replace("-", "_")


def role_of(institution: str) -> str:
    """The role that Orthanc works as."""
    return f"{database_of(institution)}_archive"


class ArchiveDatabase:
    """Both servers, and the backups of the first.

    Args:
        clients: hosts by name from which Orthanc connects.
    """

    def __init__(self, premises: Premises, clients: Mapping[str, str]) -> None:
        self._premises = premises
        self.repository = premises.driver.root / "repository"
        self.backup = PgBackRest(premises.host("db1"), self.repository, premises.vault["backup.cipher"])
        archives = [
            {"database": database_of(place), "role": role_of(place), "source": prefix(premises.host(host))}
            for place, host in clients.items()
        ]
        values = {
            "archives": archives,
            "gate": GATE,
            "standbys": [prefix(premises.host(name)) for name in ("db1", "db2")],
            "monitor": prefix(premises.host("monitor")),
            "archive_command": self.backup.archive_command,
        }
        self.primary = StreamingServer(premises, "db1", values)
        self.standby = StreamingServer(premises, "db2", values, upstream=self.primary.host)

    def uri(self, institution: str) -> str:
        """How Orthanc connects (libpq's connection URI)."""
        secret = self._premises.vault[f"postgres.{role_of(institution)}"]
        trust = f"sslmode=verify-full&sslrootcert={self._premises.authority.certificate}"
        where = f"{self.primary.host.address}:{PORT}/{database_of(institution)}"
        return f"postgresql://{role_of(institution)}:{secret}@{where}?{trust}"

    def form(self) -> None:
        """Make roles, databases and the standby's slot, once; Orthanc may make its tables now."""
        with superuser(self.primary.paths, "postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'orthanc_owner'").fetchone():
                return
            self.primary.execute(self._premises.render("accounts.sql.j2", institutions=self._named(INSTITUTIONS)))
            for role in (*_LOGINS, *(role_of(place) for place in INSTITUTIONS)):
                set_password(connection, role, self._premises.vault[f"postgres.{role}"])
            for place in INSTITUTIONS:
                connection.execute(f"CREATE DATABASE {database_of(place)} OWNER orthanc_owner".encode())
                script = self._premises.render("database.sql.j2", database=database_of(place), role=role_of(place))
                self.primary.execute(script, database_of(place))
            connection.execute("SELECT pg_create_physical_replication_slot('standby', true)")
        self.backup.configure()
        self.backup.create()

    def close_schema(self) -> None:
        """The tables are there: from now on the archive's roles own nothing, and act as nobody else."""
        for place in INSTITUTIONS:
            values = {"database": database_of(place), "role": role_of(place), "gate": GATE}
            self.primary.execute(self._premises.render("grants.sql.j2", **values), database_of(place))

    def follow(self) -> None:
        """Wait until the standby streams."""
        await_streaming(self.primary, self.standby)

    def first_backup(self) -> None:
        """Back everything up, unless a backup is there."""
        if not self.backup.contents().copies:
            self.backup.back_up()

    @staticmethod
    def _named(institutions: Sequence[str]) -> list[str]:
        return [role_of(place) for place in institutions]
