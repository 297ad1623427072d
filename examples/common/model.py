"""A language model served by llama.cpp, which asks every caller for its API key, on a socket file of its host.

llama = Llama(premises, "model")
llama.program                       # to be started; something with TLS goes before llama.socket
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from examples.common.program import Launch, Premises, Program
from fixtures.hosts.files import own, write_private
from fixtures.services.edge import worker_account
from fixtures.services.model import NAME, random_model


class Llama:
    """The server. What it serves is small, with random weights: real inference that means nothing.

    Args:
        account: the service account of what goes before it, which alone may reach its socket; empty when not root.
    """

    def __init__(self, premises: Premises, host: str, account: str = "") -> None:
        self._premises, self.host = premises, premises.host(host)
        self._account = account or worker_account(self.host)
        self.key, self.name = premises.vault["model.key"], NAME
        self._directory = self.host.directory / "llama"
        launch = Launch((sys.executable, str(Path(__file__).with_name("llama.py")), str(self._settings)))
        self.program = Program("llama", self.host, launch, self._configure, self.socket.exists)

    @property
    def socket(self) -> Path:
        """The socket file that it listens on."""
        return self._directory / "server.sock"

    @property
    def _settings(self) -> Path:
        return self._directory / "settings.json"

    def _configure(self) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        own(self._directory, self._account or None)
        model = random_model(self._premises.driver.root / "model")
        settings = {"model": str(model), "alias": NAME, "socket": str(self.socket), "key": self.key}
        write_private(self._settings, json.dumps(settings))
