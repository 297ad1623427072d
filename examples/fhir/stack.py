"""The FHIR example: which parts there are, in which order they come up, and what is in them at the start.

    site = FhirSite(driver)
    rise(site.components, progress)     # everything runs, and holds a few patients of two hospitals
"""

from __future__ import annotations

from examples.fhir.applications import fhir, provider
from examples.fhir.backup import Barman
from examples.fhir.cache import TokenStore
from examples.fhir.database import Database
from examples.fhir.edge import haproxy
from examples.fhir.monitoring import MonitoringHost
from examples.fhir.packages import modules
from examples.fhir.patients import admit_patients
from examples.fhir.program import Premises
from fixtures.hosts import Driver
from fixtures.stack.certificates import CertificateAuthority
from fixtures.stack.topology import Component
from fixtures.stack.vault import Vault

HOSTS = ("edge", "provider", "fhir", "db1", "db2", "cache1", "cache2", "cache3", "backup", "monitor", "client")


class FhirSite:
    """All parts on the hosts of one driver. Making it starts nothing."""

    def __init__(self, driver: Driver) -> None:
        for name in HOSTS:
            driver.host(name)
        self.premises = Premises(driver, Vault(driver.root / "vault.json"), CertificateAuthority(driver.root / "ca"))
        self.store = TokenStore(self.premises)
        self.database = Database(self.premises)
        self.backup = Barman(self.premises, self.database)
        self.monitoring = MonitoringHost(self.premises, self.database, self.store)
        self.components = (
            Component("database", (self.database.primary,), form=self.database.form),
            Component("standby", (self.database.standby,), after=("database",), form=self.database.follow),
            Component("tokens", tuple(self.store.services), form=self.store.form),
            Component("packages", (), form=modules),
            Component("provider", (provider(self.premises, self.store),), after=("packages",)),
            Component("fhir", (fhir(self.premises, self.database.connection),), after=("packages",)),
            Component("edge", (haproxy(self.premises),)),
            Component(
                "patients",
                (),
                after=("database", "tokens", "provider", "fhir", "edge"),
                form=lambda: admit_patients(self.premises),
            ),
            Component("backup", (self.backup.service,), after=("patients", "standby"), form=self.backup.first_backup),
            Component("monitoring", tuple(self.monitoring.services)),
        )
