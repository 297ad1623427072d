"""Writes the Compose project of the archive: what stands here, and what must not stand in a repository.

    write_project(Path("build/example/orthanc-compose"), image="sha256:...")

Beside compose file and configuration the folder then holds ``ca/``, ``secrets/`` (each in a file, for the services
that need it), ``.env`` with the image's id, and ``accounts.csv`` for ``clinical-gate target init``.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import docker

from examples.orthanc.front import SERVER_NAME, basic
from examples.orthanc.people import ROLES
from fixtures.hosts import HostError
from fixtures.hosts.docker import image
from fixtures.hosts.files import write_private
from fixtures.stack.certificates import CertificateAuthority
from fixtures.stack.vault import Vault

PROJECT = "orthanc"
SEGMENTS: Mapping[str, tuple[str, ...]] = {  # who is in one network with whom
    "edge": ("archive",),
    "archive": ("edge", "database", "monitoring"),
    "database": ("archive",),
    "monitoring": ("archive",),
}
_HERE = Path(__file__).resolve().parent
IMAGE = "clinical-gate-orthanc:latest"
_SERVERS = {  # service -> what its certificate names beside it: addresses as in compose.yaml
    "edge": (SERVER_NAME, "127.0.0.1"),
    "database": ("172.31.240.10",),
    "cache": ("172.31.241.10",),
    "monitoring": ("127.0.0.1",),
}
_MEMBER = "harness"  # whom the monitoring lets in
_SHOWN = 0o444  # services run as accounts of the image; the folder is closed


def build_image(engine: docker.DockerClient, base: str, say: Callable[[str], None]) -> str:
    """The id of the image of every container of the project.

    Args:
        base: Debian 12 or newer, that the engine has or can pull; empty for the image of ``--driver docker``.
        say: told each step.

    Raises:
        HostError: it cannot be built.
    """
    chosen = base or (image.reference() if image.present(engine) else "debian:bookworm")
    try:
        said = engine.api.build(
            path=str(_HERE),
            tag=IMAGE,
            rm=True,
            forcerm=True,
            network_mode="host",
            buildargs={"BASE": chosen},
            decode=True,
        )
        image.follow(said, say)
    except docker.errors.APIError as problem:
        msg = f"the image of the archive cannot be built on {chosen}: {problem.explanation or problem}"
        raise HostError(msg) from problem
    return str(engine.api.inspect_image(IMAGE)["Id"])


def write_project(folder: Path, image_id: str) -> Path:
    """Write everything; secrets and certificates that are there already stay. Returns the place of the compose file.

    Raises:
        OSError: a file cannot be written.
        HostError: OpenSSL is not there, or refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(_HERE / "compose.yaml", folder)
    shutil.copytree(_HERE / "conf", folder / "conf", dirs_exist_ok=True)
    vault, authority = Vault(folder / "vault.json"), CertificateAuthority(folder / "ca")
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True, mode=0o700)
    for name, names in _SERVERS.items():
        pair = authority.issue(name, secrets, names=(name, *names))
        pair.key.chmod(_SHOWN)
    authority.issue(_MEMBER, folder)
    for name, text in _contents(vault).items():
        write_private(secrets / name, text, mode=_SHOWN)
    write_private(folder / "accounts.csv", _accounts(vault))
    write_private(folder / ".env", f"COMPOSE_PROJECT_NAME={PROJECT}\nIMAGE={image_id}\n", mode=0o644)
    return folder / "compose.yaml"


def _contents(vault: Vault) -> Mapping[str, str]:
    """File of a secret -> what it holds."""
    return {
        "archive.conf": f'proxy_set_header Authorization "{basic("edge", vault["archive.edge"])}";\n',
        "auditor": vault["database.auditor"],
        "database": vault["database.orthanc"],
        "htpasswd": _password_file({name: vault[f"user.{name}"] for name in _users()}),
        "monitor": vault["archive.monitor"],
        "orthanc.json": json.dumps(_archive(vault), indent=1),
        "users.acl": _access_list(vault),
    }


def _users() -> Mapping[str, str]:
    """Name -> role."""
    return {f"riverside-{role}": role for role in ROLES}


def _archive(vault: Vault) -> Mapping[str, object]:
    secret = vault["database.orthanc"]
    link = f"postgresql://orthanc:{secret}@database/archive?sslmode=verify-full&sslrootcert=/run/secrets/ca.crt"
    return {
        "Name": "riverside",
        "HttpPort": 8042,
        "RemoteAccessAllowed": True,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {name: vault[f"archive.{name}"] for name in ("edge", "monitor")},
        "LuaScripts": ["/etc/clinic/rights.lua"],
        "ExecuteLuaEnabled": False,
        "RestApiWriteToFileSystemEnabled": False,
        "WebDavEnabled": False,
        "DicomServerEnabled": False,
        "MetricsEnabled": True,
        "StorageDirectory": "/data/archive",
        "IndexDirectory": "/data/archive",
        "TemporaryDirectory": "/tmp",  # noqa: S108  of the container
        "Plugins": [f"/usr/share/orthanc/plugins/libOrthancPostgreSQL{part}.so" for part in ("Index", "Storage")],
        "PostgreSQL": {
            "EnableIndex": True,
            "EnableStorage": True,
            "ConnectionUri": link,
            "Lock": False,
            "IndexConnectionsCount": 4,
            "MaximumConnectionRetries": 60,
            "ConnectionRetryInterval": 1,
        },
    }


def _access_list(vault: Vault) -> str:
    def digest(name: str) -> str:
        return sha256(vault[name].encode()).hexdigest()

    commands = "-@all +@read +@write +@transaction +@connection -@dangerous -@admin"
    return (
        "user default off resetpass resetkeys resetchannels -@all\n"
        f"user readingroom on #{digest('cache.readingroom')} resetchannels ~worklist:* {commands}\n"
        f"user operator on #{digest('cache.operator')} ~* &* +@all\n"
    )


def _password_file(secrets: Mapping[str, str]) -> str:
    """The lines that nginx reads (``auth_basic_user_file``): SHA-512 crypt."""
    argv, words = ["openssl", "passwd", "-6", "-stdin"], "".join(f"{secret}\n" for secret in secrets.values())
    try:
        done = subprocess.run(argv, input=words, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        msg = f"passwords cannot be hashed: {problem}"
        raise HostError(msg) from problem
    return "".join(f"{name}:{digest}\n" for name, digest in zip(secrets, done.stdout.split(), strict=True))


def _accounts(vault: Vault) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["username", "role", "tenant", "password", "totp_secret"])
    rows.writerows([name, role, "riverside", vault[f"user.{name}"], ""] for name, role in _users().items())
    return text.getvalue()
