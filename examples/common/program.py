"""A part of an example that is one program: how its files are written, how it is started, and how it shows that it is
ready.

Program("redis", host, Launch(("redis-server", path), user="redis"), configure=write_files, probe=answers_ping)
"""

from __future__ import annotations

import ipaddress
import os
import pwd
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fixtures.hosts import Driver, Host
from fixtures.hosts.files import own, write_private
from fixtures.stack.certificates import CertificateAuthority, KeyPair
from fixtures.stack.vault import Vault


@dataclass(frozen=True)
class Launch:
    """A command line, the account that it runs as, and what its environment has besides."""

    argv: tuple[str, ...]
    user: str = ""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Premises:
    """What every part is made from: the hosts, the secrets and the certificates of one run.

    Args:
        conf: the folder with the templates of the parts' files.
    """

    driver: Driver
    conf: Path

    @cached_property
    def vault(self) -> Vault:
        """The secrets of the run."""
        return Vault(self.driver.root / "vault.json")

    @cached_property
    def authority(self) -> CertificateAuthority:
        """Who issues its certificates."""
        return CertificateAuthority(self.driver.root / "ca")

    def host(self, name: str) -> Host:
        """The host of that name."""
        return self.driver.host(name)

    def pair(self, host: Host, owner: str = "", *names: str) -> KeyPair:
        """The certificate of a host, in files that ``owner`` can read."""
        directory = host.directory / f"tls-{owner}" if owner else host.directory / "tls"
        return self.authority.issue(
            host.name, directory, names=(host.name, host.address, *names), owner=host.account(owner or None)
        )

    def render(self, template: str, **values: object) -> str:
        """The text of a template; a value that is missing is an error."""
        return self._templates.get_template(template).render(ca=self.authority.certificate, **values)

    def write(self, template: str, path: Path, owner: str = "", **values: object) -> None:
        """Render a template into a file that only its owner can read."""
        text = self.render(template, **values)
        path.parent.mkdir(parents=True, exist_ok=True)
        own(path.parent, owner or None)
        write_private(path, text, owner or None)

    @cached_property
    def _templates(self) -> Environment:
        return Environment(  # noqa: S701  server configuration, not HTML: escaping would corrupt it
            loader=FileSystemLoader(self.conf),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )


def load_network(driver: Driver) -> str:
    """Source addresses of the users of a load: the upper half of the harness's own, which alone this machine has."""
    return str(list(ipaddress.ip_network(driver.harness_network).subnets())[1])


def service_account(name: str) -> str:
    """A service account of the system to run as, when the harness is root and there is such; else empty."""
    return name if os.geteuid() == 0 and any(entry.pw_name == name for entry in pwd.getpwall()) else ""


@dataclass
class Program:
    """Implements `fixtures.services.Service`.

    Args:
        configure: writes the program's files.
        probe: one quick question, as its clients would ask it.
        signum: what asks it to end.
    """

    name: str
    host: Host
    launch: Launch
    configure: Callable[[], None]
    probe: Callable[[], bool]
    signum: int = signal.SIGTERM

    @property
    def log(self) -> Path:
        """See `fixtures.services.Service.log`."""
        return self.host.directory / f"{self.name}.log"

    def start(self) -> None:
        """See `fixtures.services.Service.start`."""
        self.configure()
        self._spawn()

    def ready(self) -> bool:
        """See `fixtures.services.Service.ready`."""
        return self.probe()

    def stop(self) -> None:
        """See `fixtures.services.Service.stop`."""
        if (process := self.host.process(self.name)) is not None:
            process.stop(timeout_s=5.0, signum=self.signum)

    def restart(self) -> None:
        """Stop it, and start it on its files as they are."""
        self.stop()
        self._spawn()

    def _spawn(self) -> None:
        user = self.launch.user or None
        self.host.spawn([*self.launch.argv], service=self.name, user=user, env={**self.launch.env})
