"""The Orthanc example: which parts there are, in which order they come up, and what is in them at the start.

site = OrthancSite(driver)
rise(site.components, progress)     # everything runs, and holds a few studies of two institutions
"""

from __future__ import annotations

from pathlib import Path

from examples.common.program import Premises
from examples.orthanc.archive import HOSTS as ARCHIVES
from examples.orthanc.archive import Archive
from examples.orthanc.cache import worklist
from examples.orthanc.database import ArchiveDatabase
from examples.orthanc.edge import nginx
from examples.orthanc.model import DepartmentModel
from examples.orthanc.monitoring import ArchiveMonitoring
from examples.orthanc.patients import admit_studies
from fixtures.hosts import Driver
from fixtures.stack.rising import Component

HERE = Path(__file__).resolve().parent
HOSTS = ("edge", "pacs1", "pacs2", "db1", "db2", "witness", "cache", "model", "monitor", "client")


class OrthancSite:
    """All parts on the hosts of one driver. Making it starts nothing."""

    def __init__(self, driver: Driver) -> None:
        for name in HOSTS:
            driver.host(name)
        self.premises = Premises(driver, HERE / "conf")
        self.database = ArchiveDatabase(self.premises, ARCHIVES)
        self.archives = tuple(Archive(self.premises, place, self.database.uri(place)) for place in ARCHIVES)
        self.model = DepartmentModel(self.premises)
        self.cache = worklist(self.premises)
        self.edge = nginx(self.premises, self.model)
        self.monitoring = ArchiveMonitoring(self.premises, self.database, self.model)
        pair = self.database.pair
        servers = tuple(archive.orthanc for archive in self.archives)
        fronts = tuple(archive.front for archive in self.archives)
        self.components = (
            Component("lock", pair.members, form=self.database.prepare),
            Component("database", (pair.first,), after=("lock",), form=self.database.form),
            Component("standby", (pair.second,), after=("database",), form=self.database.follow),
            Component("tables", servers, after=("database",), form=self._close_schema),
            Component("archives", (*servers, *fronts), after=("tables",)),
            Component("model", (self.model.llama, self.model.front)),
            Component("cache", (self.cache,)),
            Component("edge", (self.edge,), after=("archives",)),
            Component("studies", (), after=("edge",), form=lambda: admit_studies(self.premises)),
            Component("backup", (), after=("studies", "standby"), form=self.database.first_backup),
            Component("monitoring", self.monitoring.programs, after=("archives", "model", "cache", "standby")),
        )

    def _close_schema(self) -> None:
        """Orthanc has made its tables as their owner; it starts again as somebody who owns nothing."""
        for archive in self.archives:
            archive.orthanc.stop()
        self.database.close_schema()
