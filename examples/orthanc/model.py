"""The department's language model: llama.cpp, which asks every caller for its API key, behind nginx."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from examples.common.program import Launch, Premises, Program
from examples.orthanc.front import PORT, front
from fixtures.services.edge import worker_account
from fixtures.services.files import own, write_private
from fixtures.services.https import ask
from fixtures.services.model import NAME, random_model


class ModelServer:
    """llama.cpp and the nginx before it, on host ``model``."""

    def __init__(self, premises: Premises) -> None:
        self._premises, self.host = premises, premises.host("model")
        self.key, self.name = premises.vault["model.key"], NAME
        self._directory = self.host.directory / "llama"
        program = Path(__file__).with_name("llama.py")
        launch = Launch((sys.executable, str(program), str(self._directory / "settings.json")))
        self.llama = Program("llama", self.host, launch, self._configure, self._socket.exists)
        self.front = front(premises, self.host, f"unix:{self._socket}", self._answers)

    @property
    def url(self) -> str:
        """``https://host:port``."""
        return f"https://{self.host.address}:{PORT}"

    @property
    def _socket(self) -> Path:
        return self._directory / "server.sock"

    def _answers(self) -> bool:
        return ask(self.host.address, PORT, "/health", ca=self._premises.authority.certificate).status == 200

    def _configure(self) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        own(self._directory, worker_account() or None)
        model = random_model(self._premises.driver.root / "model")
        settings = {"model": str(model), "alias": NAME, "socket": str(self._socket), "key": self.key}
        write_private(self._directory / "settings.json", json.dumps(settings))
