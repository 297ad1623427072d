"""The desk that alerts go to: nginx, which writes down what Alertmanager posts (its webhook), a body to a line."""

from __future__ import annotations

import signal
from pathlib import Path
from string import Template

from examples.common.program import Launch, Premises, Program
from fixtures.hosts import Host
from fixtures.hosts.files import write_private
from fixtures.services.edge import worker_account
from fixtures.services.https import ask

_PORT = 9095


class Desk:
    """It, on a host beside Alertmanager."""

    def __init__(self, premises: Premises, host: Host) -> None:
        self._premises, self._host = premises, host
        self._directory = host.directory / "desk"
        path = self._directory / "nginx.conf"
        argv = ("nginx", "-e", "stderr", "-p", str(self._directory), "-c", str(path))
        self.program = Program("desk", host, Launch(argv), lambda: self._configure(path), self._answers, signal.SIGQUIT)

    @property
    def url(self) -> str:
        """Where Alertmanager posts to."""
        return f"https://{self._host.address}:{_PORT}/page"

    @property
    def pages(self) -> Path:
        """What it got."""
        return self._directory / "pages.log"

    def _configure(self, path: Path) -> None:
        pair, account = self._premises.pair(self._host), worker_account(self._host)
        self._directory.mkdir(exist_ok=True)
        # nginx's own $names are no values of these, and stay as they are.
        text = Template(Path(__file__).with_name("desk.conf").read_text()).safe_substitute(
            user=f"user {account};" if account else "",
            directory=self._directory,
            listen=f"{self._host.address}:{_PORT}",
            certificate=pair.certificate,
            key=pair.key,
        )
        write_private(path, text)

    def _answers(self) -> bool:
        return ask(self._host.address, _PORT, "/", ca=self._premises.authority.certificate).status == 404
