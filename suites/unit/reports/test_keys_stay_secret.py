"""A key signs and is seen nowhere: not in a report, not beside it, not in what a run says. One that others can read, or
that is missing, stops the run before anything is started.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from fixtures import REPOSITORY
from fixtures.stack.runs import register_directory
from reports.keys import load_public, load_signer
from reports.verify import verify
from suites.unit.own_code.gated import gated
from suites.unit.own_code.signed_clinic import signed_clinic
from suites.unit.reports.signer_samples import PIN, command, key_file, soft_token


def _forms(key: Path) -> dict[str, bytes]:
    """The private half in every form in which it could have been written, and the PIN."""
    private = load_pem_private_key(key.read_bytes(), None)
    seed = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "seed": seed,
        "seed in hex": seed.hex().encode(),
        "seed in base64": base64.b64encode(seed).rstrip(b"="),
        "PKCS #8 in base64": base64.b64encode(der).rstrip(b"="),
        "PEM": b"PRIVATE KEY",
        "PIN": PIN.encode(),
    }


def _found(key: Path, places: dict[str, bytes]) -> list[tuple[str, str]]:
    forms = _forms(key)
    return [(place, form) for place, content in places.items() for form, secret in forms.items() if secret in content]


def _below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


@pytest.mark.parametrize("kind", ["key file", "PKCS#11 token"])
def test_a_run_shows_its_key_nowhere(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports, evidence, JUnit, Allure's results, history, register, and both outputs of the run."""
    key = key_file(tmp_path / "signer.pem")
    given = str(key) if kind == "key file" else soft_token(tmp_path, key, monkeypatch).uri()
    (tmp_path / "clinic").mkdir()
    build = tmp_path / "build"
    register = register_directory() / f"{load_signer(key).public_key.keyid[:16]}.jsonl"
    try:
        with signed_clinic(tmp_path / "clinic") as target:
            done = gated(
                f"--target={target}", f"--report-dir={build}", f"--signing-key={given}", "-k", "role_matrix_enforced"
            )
        places = dict(_below(build)) | {"register": register.read_bytes()}
    finally:
        for file in (register, register.with_name(f".{register.name}.lock")):
            file.unlink(missing_ok=True)
    places |= {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}

    public = tmp_path / "signer.pub"
    public.write_bytes(
        load_pem_private_key(key.read_bytes(), None)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    report = verify(build / "gate/latest", load_public(public))
    assert report.document.signer == kind, done.stdout
    assert report.document.identity.observed, "nothing was observed of the target"
    assert len(places) > 8, "there was nothing to look through"
    assert _found(key, places) == []


def test_a_key_that_is_written_somewhere_is_found(tmp_path: Path) -> None:
    """Or the search above would prove nothing."""
    key = key_file(tmp_path / "signer.pem")
    forms = _forms(key)
    for form, secret in forms.items():
        assert ("log", form) in _found(key, {"log": b"it is " + secret + b"."})
    assert {form for _, form in _found(key, {"file": key.read_bytes()})} == {"PKCS #8 in base64", "PEM"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{folder}/none.pem", "cannot read the key {folder}/none.pem: No such file or directory"),
        ("{folder}/open.pem", "{folder}/open.pem can be read by others: chmod 600 {folder}/open.pem"),
        ("command:{folder}/none", "the signing command none cannot be run: No such file or directory"),
        (f"pkcs11:token=gate;object=k?module-path=/m.so&pin-value={PIN}", "give pin-source in its place"),
        ("pkcs11:token=gate;object=k?module-path=/nowhere.so", "/nowhere.so"),
    ],
)
def test_a_key_that_cannot_sign_stops_the_run_at_its_start(given: str, said: str, tmp_path: Path) -> None:
    """One sentence, exit code 2, and no folder made."""
    key_file(tmp_path / "open.pem", mode=0o644)
    argv = [sys.executable, "-m", "pytest", "-m", "gate", "suites/gate", f"--report-dir={tmp_path / 'build'}"]
    argv.append(f"--signing-key={given.format(folder=tmp_path)}")
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 2, told
    assert said.format(folder=tmp_path) in told
    assert "Traceback" not in told
    assert PIN not in told
    assert not (tmp_path / "build").exists()


def test_a_key_that_is_shown_and_does_not_sign_stops_the_run_before_anything_is_started(tmp_path: Path) -> None:
    key = key_file(tmp_path / "key.pem")
    given = command(tmp_path, key, sign="sys.exit('no right to sign')")
    argv = [sys.executable, "-m", "pytest", "-m", "gate", "suites/gate", f"--report-dir={tmp_path / 'build'}"]
    argv.append(f"--signing-key={given}")
    register = register_directory() / f"{load_signer(key).public_key.keyid[:16]}.jsonl"
    try:
        done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
        assert not register.exists()
    finally:
        register.with_name(f".{register.name}.lock").unlink(missing_ok=True)
    told = done.stdout + done.stderr
    assert done.returncode == 2, told
    assert "ended with status 1: no right to sign" in told
    assert not re.search(r"\d (passed|failed|error)", told), told
    assert "Traceback" not in told
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["gate"]
    assert not list(tmp_path.rglob("report.dsse.json"))
