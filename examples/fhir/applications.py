"""The two Node.js programs: the OpenID provider, and the FHIR service that asks it whether a token is good."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from examples.common.program import Launch, Premises, Program
from examples.fhir.cache import NAME, SENTINEL_PORT, TokenStore
from examples.fhir.model import Assistant
from examples.fhir.packages import PACKAGES
from fixtures.hosts.files import own, write_private
from fixtures.services.edge import worker_account
from fixtures.services.https import ask

SERVER_NAME = "fhir.clinic.test"
PROVIDER_PORT, FHIR_PORT = 8444, 8443
HOSPITALS = ("riverside", "st-jude")
LIFETIME_S = 900
LOAD_CLIENTS = {"clinician": 16, "ward": 8}
# SMART scopes of each role; "write" is also what erases (http://hl7.org/fhir/smart-app-launch/1.0.0/scopes-and-launch-context/).
ROLES: Mapping[str, str] = {
    "clinician": "user/Patient.* user/Observation.* user/Condition.* user/Organization.read user/Assistant.use",
    "ward": "user/Patient.read user/Observation.* user/Condition.read user/Organization.read user/Assistant.use",
    "laboratory": "user/Observation.write user/Organization.read",
    "quality": "user/Organization.read",
    "registrar": "user/Patient.* user/Organization.*",
}
_RESOURCE_SERVER = "fhir-service"


@dataclass(frozen=True)
class Client:
    """Somebody who may ask for a token, an OAuth client of the provider."""

    name: str
    role: str
    hospital: str


def clients() -> tuple[Client, ...]:
    """One for each role in each hospital."""
    return tuple(Client(f"{hospital}-{role}", role, hospital) for hospital in HOSPITALS for role in ROLES)


def load_clients() -> tuple[Client, ...]:
    """Those that a load acts as."""
    return tuple(
        Client(f"{hospital}-{role}-{number:02d}", role, hospital)
        for role, count in LOAD_CLIENTS.items()
        for number in range(count // len(HOSPITALS))
        for hospital in HOSPITALS
    )


def secret(premises: Premises, client: str) -> str:
    """The secret of a client."""
    return premises.vault[f"client.{client}"]


def provider(premises: Premises, store: TokenStore) -> Program:
    """oidc-provider on host ``provider``."""
    host, vault = premises.host("provider"), premises.vault

    def configure() -> None:
        pair = premises.pair(host, worker_account(host))
        known = [
            {
                "client_id": client.name,
                "client_secret": secret(premises, client.name),
                "role": client.role,
                "hospital": client.hospital,
            }
            for client in (*clients(), *load_clients())
        ]
        known.append(
            {
                "client_id": _RESOURCE_SERVER,
                "client_secret": secret(premises, _RESOURCE_SERVER),
                "role": "resource server",
            }
        )
        settings = {
            "issuer": f"https://{SERVER_NAME}",
            "audience": f"https://{SERVER_NAME}/4_0_0",
            "address": host.address,
            "port": PROVIDER_PORT,
            "key": str(pair.key),
            "certificate": str(pair.certificate),
            "cookie_key": vault["provider.cookies"],
            "jwks": {"keys": [_signing_key()]},
            "lifetime_s": LIFETIME_S,
            "roles": dict(ROLES),
            "clients": known,
            "redis": {
                "sentinels": [{"host": cache.address, "port": SENTINEL_PORT} for cache in store.hosts],
                "name": NAME,
                "username": "provider",
                "password": vault["redis.provider"],
                "sentinel_username": "provider",
                "sentinel_password": vault["redis.provider"],
                "ca": str(premises.authority.certificate),
            },
        }
        _lay(premises, "provider", settings)

    def probe() -> bool:
        path = "/.well-known/openid-configuration"
        return ask(host.address, PROVIDER_PORT, path, ca=premises.authority.certificate).status == 200

    return Program("provider", host, _launch(premises, "provider", "provider.mjs"), configure, probe)


def fhir(premises: Premises, database: Mapping[str, str | int], assistant: Assistant) -> Program:
    """node-fhir-server-core on host ``fhir``.

    Args:
        database: where and as whom it connects.
        assistant: the model that it passes prompts on to.
    """
    host = premises.host("fhir")

    def configure() -> None:
        pair = premises.pair(host, worker_account(host))
        settings = {
            "issuer": f"https://{SERVER_NAME}",
            "address": host.address,
            "port": FHIR_PORT,
            "key": str(pair.key),
            "certificate": str(pair.certificate),
            "introspection": {
                "url": f"https://{premises.host('provider').address}:{PROVIDER_PORT}/token/introspection",
                "client_id": _RESOURCE_SERVER,
                "client_secret": secret(premises, _RESOURCE_SERVER),
            },
            "model": {"url": assistant.url, "key": assistant.key},
            "database": {**database, "ca": str(premises.authority.certificate), "phi_key": phi_key(premises)},
        }
        _lay(premises, "fhir", settings)

    def probe() -> bool:
        return ask(host.address, FHIR_PORT, "/4_0_0/metadata", ca=premises.authority.certificate).status == 200

    return Program("fhir", host, _launch(premises, "fhir", "server.js"), configure, probe)


def phi_key(premises: Premises) -> str:
    """256 bits, in hex digits: what the columns with PHI are encrypted with."""
    return premises.vault["phi.key.1"] + premises.vault["phi.key.2"]


def _lay(premises: Premises, name: str, settings: Mapping[str, object]) -> None:
    """Lay a program's files beside its packages on its host, and its settings where only it can read them."""
    host = premises.host(name)
    home, account = host.directory / "app", worker_account(host) or None
    home.mkdir(mode=0o700, exist_ok=True)
    own(home, account)
    for source in (premises.conf / name).iterdir():
        shutil.copy(source, home)
        own(home / source.name, account)
    if not (home / "node_modules").is_symlink():
        (home / "node_modules").symlink_to(PACKAGES.modules())
    write_private(home / "settings.json", json.dumps(settings, indent=1), account)


def _launch(premises: Premises, name: str, entry: str) -> Launch:
    host = premises.host(name)
    home = host.directory / "app"
    env = {"NODE_ENV": "production", "NODE_EXTRA_CA_CERTS": str(premises.authority.certificate)}
    argv = str(PACKAGES.node()), str(home / entry), str(home / "settings.json")
    return Launch(argv, worker_account(host), env)


def _signing_key() -> dict[str, object]:
    """A fresh key in JSON (RFC 7517). Tokens here are opaque: nothing is signed that would have to outlive a
    restart.
    """
    key = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    return {**key, "use": "sig", "alg": "ES256"}
