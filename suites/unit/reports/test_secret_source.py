"""Where a secret is, and never what it is: a secret that is given itself is refused, and not quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.keys import SigningKeyError
from reports.notify import NotifyError, read_webhook
from reports.secret_source import SecretSourceError, read_secret
from reports.signers.token_uri import read_token_uri
from suites.unit.reports.signer_samples import PIN


@pytest.mark.parametrize(
    "given", [PIN, f"https://hooks.example/{PIN}", f"//hooks.example/{PIN}", f"env:{PIN}", f"hooks/{PIN}"]
)
def test_a_secret_that_is_given_in_place_of_where_it_is_is_quoted_nowhere(given: str) -> None:
    with pytest.raises(SecretSourceError, match="say where the secret is") as refused:
        read_secret(given)
    with pytest.raises(NotifyError, match="--notify: say where the secret is") as untold:
        read_webhook(given)
    with pytest.raises(SigningKeyError, match="pin-source: say where the secret is") as unsigned:
        read_token_uri(f"pkcs11:token=gate;object=k?module-path=/m.so&pin-source={given}").pin()
    assert not [problem for problem in (refused, untold, unsigned) if PIN in str(problem.value)]


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}", "./{name}", "../{folder}/{name}", "file:{name}"])
def test_a_secret_is_read_from_a_file_however_it_is_named(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pin"
    file.write_text(f"{PIN}\n")
    file.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    assert read_secret(form.format(file, name=file.name, folder=tmp_path.name)) == PIN
