"""The model that the service passes prompts on to: llama.cpp on host ``model``, behind HAProxy for TLS."""

from __future__ import annotations

import signal

from examples.common.model import Llama
from examples.common.program import Launch, Premises, Program, service_account
from fixtures.services.edge import CIPHERS
from fixtures.services.https import ask

PORT = 8443
_ACCOUNT = "haproxy"


class Assistant:
    """The model server and what goes before it."""

    def __init__(self, premises: Premises) -> None:
        self._premises, account = premises, service_account(_ACCOUNT)
        served = Llama(premises, "model", account)
        self.host, self.key, self.llama = served.host, served.key, served.program
        path = self.host.directory / "haproxy" / "model.cfg"

        def configure() -> None:
            premises.write(
                "model.cfg.j2",
                path,
                address=self.host.address,
                port=PORT,
                pair=premises.pair(self.host),
                ciphers=CIPHERS,
                user=account,
                socket=served.socket,
            )

        launch = Launch(("haproxy", "-db", "-f", str(path)))
        self.front = Program("model-front", self.host, launch, configure, self._answers, signal.SIGUSR1)

    @property
    def url(self) -> str:
        """``https://host:port``."""
        return f"https://{self.host.address}:{PORT}"

    def _answers(self) -> bool:
        return ask(self.host.address, PORT, "/health", ca=self._premises.authority.certificate).status == 200
