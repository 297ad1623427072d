"""Backups of the database: Barman on host ``backup``, which receives the WAL as it is written."""

from __future__ import annotations

import getpass
from collections.abc import Callable

from examples.common.program import Launch, Premises, Program, service_account
from examples.fhir.database import RecordDatabase
from fixtures.hosts.files import own, write_private
from fixtures.services import ServiceError
from fixtures.services.database.installation import programs
from fixtures.wait import DeadlineError, wait_for

_SERVER = "fhir"
_TIMEOUT_S = 60.0


class Barman:
    """Streams WAL from the primary, and copies it whole when it is told to."""

    def __init__(self, premises: Premises, database: RecordDatabase) -> None:
        self._premises, self._servers = premises, database.hosts
        self._begin_segment = database.begin_segment
        self.host = premises.host("backup")
        self.directory = self.host.directory / "barman"
        self.configuration = self.directory / "barman.conf"
        self.account = service_account("barman") or getpass.getuser()
        self._account = service_account("barman")
        self._home = self.directory / "home" / _SERVER

    @property
    def service(self) -> Program:
        """What a timer would do each minute: keep the stream up, and put away what came by it."""
        script = f"while :; do barman -q -c '{self.configuration}' cron; sleep 2; done"

        launch = Launch(("sh", "-c", script), self._account, self._environment())
        return Program("barman", self.host, launch, self._configure, self._receives)

    def first_backup(self) -> None:
        """Make a full backup when there is none, and wait until the WAL that it needs has come too.

        Raises:
            ServiceError: it failed.
        """
        if any((self._home / "base").glob("*")):
            return
        archive = self._home / "wals" / "xlog.db"
        self._arrived(lambda: archive.exists() and archive.stat().st_size > 0, "the first WAL is put away")
        self.run("backup", _SERVER)
        self._arrived(lambda: "DONE" in self.run("show-backup", _SERVER, "latest"), "the first backup is complete")

    def _arrived(self, condition: Callable[[], bool], what: str) -> None:
        """Wait; Barman keeps the last segment of WAL in the stream until the next one begins."""
        self._begin_segment()
        try:
            wait_for(condition, what=what, timeout_s=_TIMEOUT_S, interval_s=0.5)
        except DeadlineError as late:
            raise ServiceError(str(late)) from late

    def run(self, *words: str) -> str:
        """What one command of Barman says.

        Raises:
            ServiceError: it failed.
        """
        argv = ["barman", "-c", str(self.configuration), *words]
        done = self.host.run(argv, user=self._account or None, env=self._environment(), timeout_s=_TIMEOUT_S)
        if done.status != 0:
            msg = f"barman {' '.join(words)}: {(done.stdout + done.stderr).strip()[-500:]}"
            raise ServiceError(msg)
        return done.stdout

    def _receives(self) -> bool:
        return any((self._home / "streaming").glob("*"))

    def _configure(self) -> None:
        for path in (self.directory, self.directory / "conf.d", self.directory / "home"):
            path.mkdir(mode=0o700, exist_ok=True)
            own(path, self._account or None)
        vault = self._premises.vault
        lines = [f"*:*:*:{role}:{vault[f'postgres.{role}']}" for role in ("barman", "streaming_barman")]
        passfile = self.directory / "passfile"
        write_private(passfile, "\n".join([*lines, ""]), self._account or None)
        self._premises.write(
            "barman.conf.j2",
            self.configuration,
            self._account,
            user=self.account,
            directory=self.directory,
            servers=",".join(host.address for host in self._servers),
            passfile=passfile,
            programs=programs(),
        )

    def _environment(self) -> dict[str, str]:
        return {"HOME": str(self.directory)}
