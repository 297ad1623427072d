"""The department's language model: llama.cpp behind nginx."""

from __future__ import annotations

from examples.common.model import Llama
from examples.common.program import Premises
from examples.orthanc.front import PORT, front
from fixtures.services.https import ask


class DepartmentModel:
    """llama.cpp and the nginx before it, on host ``model``."""

    def __init__(self, premises: Premises) -> None:
        self._premises, served = premises, Llama(premises, "model")
        self.host, self.key, self.name, self.llama = served.host, served.key, served.name, served.program
        self.front = front(premises, self.host, f"unix:{served.socket}", self._answers)

    @property
    def url(self) -> str:
        """``https://host:port``."""
        return f"https://{self.host.address}:{PORT}"

    @property
    def instance(self) -> str:
        """As Prometheus labels it."""
        return f"{self.host.address}:{PORT}"

    def _answers(self) -> bool:
        return ask(self.host.address, PORT, "/health", ca=self._premises.authority.certificate).status == 200
