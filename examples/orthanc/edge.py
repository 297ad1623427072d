"""The front door: nginx, which knows who may do what, and keeps the record of who did it."""

from __future__ import annotations

import signal

from examples.common.program import Launch, Premises, Program
from examples.orthanc.archive import HOSTS
from examples.orthanc.front import PORT, SERVER_NAME, edge_pair
from examples.orthanc.model import DepartmentModel
from examples.orthanc.people import password_file
from fixtures.hosts.files import write_private
from fixtures.services.edge import CIPHERS, http_port, https_port, worker_account
from fixtures.services.https import ask


def nginx(premises: Premises, model: DepartmentModel) -> Program:
    """Nginx on host ``edge``."""
    host = premises.host("edge")
    directory = host.directory / "nginx"
    path = directory / "nginx.conf"
    archives = [
        {"institution": institution, "name": name, "address": f"{premises.host(name).address}:{PORT}"}
        for institution, name in HOSTS.items()
    ]

    def configure() -> None:
        premises.write(
            "nginx.conf.j2",
            path,
            address=host.address,
            http_port=http_port(),
            https_port=https_port(),
            pair=edge_pair(premises),
            ciphers=CIPHERS,
            server_name=SERVER_NAME,
            directory=directory,
            user=worker_account(host),
            exempt=premises.driver.exempt_network,
            archives=archives,
            model=f"{model.host.address}:{PORT}",
            model_key=model.key,
        )
        write_private(directory / "htpasswd", password_file(premises), worker_account(host) or None)

    def probe() -> bool:
        ca = premises.authority.certificate
        return ask(host.address, https_port(), "/healthz/riverside", ca=ca).status in (200, 502)

    argv = ("nginx", "-e", "stderr", "-p", str(directory), "-c", str(path))
    return Program("nginx", host, Launch(argv), configure, probe, signal.SIGQUIT)
