"""The router's settings: what cannot be used is refused in one sentence, which holds no secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w

from fixtures import REPOSITORY
from fixtures.hosts.loopback import LoopbackDriver
from fixtures.reference.router.settings import load
from fixtures.reference.settings_file import SettingsError
from fixtures.services.router import RouterBackends, RouterService
from fixtures.stack.certificates import CertificateAuthority
from fixtures.stack.vault import Vault

pytestmark = pytest.mark.unit


def _service(root: Path, changed: dict[str, object]) -> RouterService:
    driver = LoopbackDriver("test", root, 0)
    return RouterService(
        driver,
        Vault(root / "vault.json"),
        CertificateAuthority(root / "ca"),
        host=driver.host("router1"),
        backends=RouterBackends(
            databases=["127.0.0.1:5432"],
            caches=["127.0.0.1:6379"],
            models=["https://127.0.0.1:8080"],
            hospitals=["https://127.0.0.1:9443"],
        ),
        settings=changed,
    )


def _written(root: Path, changed: dict[str, object]) -> Path:
    service = _service(root, changed)
    service.write_settings()
    return service.settings_file


def test_the_reference_settings_are_accepted(tmp_path: Path) -> None:
    """As the service writes them; the file and the signing key are their owner's only."""
    service = _service(tmp_path, {"session.token_seconds": 900, "access.roles.nurse": ["patients:read"]})
    service.write_settings()
    settings = load(service.settings_file)
    assert settings.session.token_seconds == 900
    assert settings.access.roles["nurse"] == {"patients:read"}
    assert settings.access.roles["auditor"] == {"audit:read"}
    assert {p.stat().st_mode & 0o777 for p in (service.settings_file, service.signing_key)} == {0o600}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"privacy.noise_multiplier": 1.5}, r"privacy\.noise_multiplier = 1\.5 does not give .* at least 77\.19"),
        ({"privacy.adjacency": "substitute"}, r"between neighbours by substitute: .* at least 154\.3"),
        ({"privacy.mechanism": "laplace"}, r"privacy\.mechanism: Input should be 'gaussian'$"),
        ({"server.port": 0}, r"server\.port: Input should be greater than or equal to 1$"),
        ({"access.roles.nurse": ["patients:burn"]}, r"access\.roles\.nurse\.\d+: Input should be"),
        ({"session.idle": 3}, r"session\.idle: Extra inputs are not permitted$"),
        ({"crypto.master_key": "0badcafe"}, r"crypto\.master_key: String should match pattern"),
        ({"inference.servers": ["http://127.0.0.1"]}, r"inference\.servers\.0: String should match pattern"),
    ],
    ids=["noise", "adjacency", "mechanism", "port", "permission", "unknown", "master key", "plain http"],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, changed: dict[str, object], sentence: str) -> None:
    """Each for its own reason, and never with the value of a secret."""
    path = _written(tmp_path, changed)
    with pytest.raises(SettingsError, match=sentence) as refusal:
        load(path)
    assert "0badcafe" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_files_that_are_no_settings_are_named(tmp_path: Path) -> None:
    """Missing, no TOML, and incomplete."""
    path = tmp_path / "settings.toml"
    with pytest.raises(SettingsError, match=r"^cannot read .*: No such file or directory$"):
        load(path)
    path.write_text("server")
    with pytest.raises(SettingsError, match="is not TOML"):
        load(path)
    path.write_text(tomli_w.dumps({"server": {}}))
    with pytest.raises(SettingsError, match=r"server\.name: Field required$"):
        load(path)


def test_the_router_refuses_to_start_on_them(tmp_path: Path) -> None:
    """Status 2 and the one sentence, no traceback."""
    path = _written(tmp_path, {"privacy.noise_multiplier": 1.5})
    ended = subprocess.run(
        [sys.executable, "-m", "fixtures.reference.router", str(path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "does not give privacy.epsilon" in ended.stderr


def test_a_setting_that_does_not_exist_cannot_be_changed(tmp_path: Path) -> None:
    """A violation that names a wrong section would otherwise leave everything as it was."""
    with pytest.raises(KeyError, match=r"the router has no setting sesion\.token_seconds"):
        _written(tmp_path, {"sesion.token_seconds": 1})
