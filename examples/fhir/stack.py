"""The FHIR example: which parts there are, in which order they come up, and what is in them at the start.

site = FhirSite(driver)
rise(site.components, progress)     # everything runs, and holds a few patients of two hospitals
"""

from __future__ import annotations

from pathlib import Path

from examples.common.program import Premises
from examples.fhir.applications import fhir, provider
from examples.fhir.backup import Barman
from examples.fhir.cache import TokenStore
from examples.fhir.database import RecordDatabase
from examples.fhir.edge import haproxy
from examples.fhir.model import Assistant
from examples.fhir.monitoring import MonitoringHost
from examples.fhir.packages import PACKAGES
from examples.fhir.patients import admit_patients
from examples.fhir.way import way_to_database
from fixtures.hosts import Driver
from fixtures.stack.rising import Component

HERE = Path(__file__).resolve().parent
_RECORDS, _TOKENS = ("fhir", "db1", "db2", "witness", "backup"), ("provider", "cache1", "cache2", "cache3")
HOSTS = ("edge", *_RECORDS, *_TOKENS, "model", "monitor", "client")


class FhirSite:
    """All parts on the hosts of one driver. Making it starts nothing."""

    def __init__(self, driver: Driver) -> None:
        for name in HOSTS:
            driver.host(name)
        self.premises = Premises(driver, HERE / "conf")
        self.store = TokenStore(self.premises)
        self.database = RecordDatabase(self.premises)
        self.backup = Barman(self.premises, self.database)
        self.provider = provider(self.premises, self.store)
        self.assistant = Assistant(self.premises)
        self.fhir = fhir(self.premises, self.database.connection, self.assistant)
        self.way = way_to_database(self.premises, self.database)
        self.edge = haproxy(self.premises)
        self.monitoring = MonitoringHost(self.premises, self.database, self.store)
        watch, pair = self.monitoring, self.database.pair
        self.programs = (
            *(*self.store.servers, *self.store.sentinels, self.provider, self.way, self.fhir, self.edge),
            self.backup.service,
            *(self.assistant.llama, self.assistant.front),
            *(*watch.exporters, watch.desk.program, watch.alertmanager, watch.prometheus),
        )
        everything = ("standby", "tokens", "provider", "fhir", "edge")
        self.components = (
            Component("lock", pair.members),
            Component("database", (pair.first,), after=("lock",), form=self.database.form),
            Component("standby", (pair.second,), after=("database",), form=self.database.follow),
            Component("tokens", (*self.store.servers, *self.store.sentinels), form=self.store.form),
            Component("packages", (), form=PACKAGES.install),
            Component("provider", (self.provider,), after=("packages",)),
            Component("way to the database", (self.way,)),
            Component("fhir", (self.fhir,), after=("packages",)),
            Component("model", (self.assistant.llama, self.assistant.front)),
            Component("edge", (self.edge,), after=("packages",)),
            Component("patients", (), after=everything, form=lambda: admit_patients(self.premises)),
            Component("backup", (self.backup.service,), after=("patients",), form=self.backup.first_backup),
            Component("monitoring", (*watch.exporters, watch.desk.program, watch.alertmanager, watch.prometheus)),
        )
