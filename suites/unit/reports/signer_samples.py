"""Signers for tests, one of each kind, all with one Ed25519 key: a file, a token of SoftHSM2, and a command."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "704813"


def key_file(path: Path, mode: int = 0o600) -> Path:
    """A private key in PEM."""
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(content)
    path.chmod(mode)
    return path


def command(folder: Path, key: Path, *, sign: str = "sys.stdout.buffer.write(key.sign(message))") -> str:
    """``command:...``, a program that signs with the key of a file.

    Args:
        sign: what it does in place of signing; Python, with ``key`` and ``message``.
    """
    program = folder / "signing_service.py"
    head = f"""
        import base64, sys, time
        from pathlib import Path
        from cryptography.hazmat.primitives import serialization as s
        key = s.load_pem_private_key(Path({str(key)!r}).read_bytes(), None)
        message = sys.stdin.buffer.read()
        if sys.argv[1:] == ["public-key"]:
            sys.stdout.buffer.write(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
        elif sys.argv[1:] == ["sign"]:
            {sign}
        else:
            sys.exit(64)
        """
    program.write_text(textwrap.dedent(head))
    return f"command:{sys.executable} {program}"


@dataclass(frozen=True)
class SoftToken:
    """A token of SoftHSM2 in a folder of the test; ``pin_file`` can be read by its owner alone."""

    pin_file: Path

    def uri(self, *, key: str = "signer", label: str = "gate", pin: str = "", module: Path = MODULE) -> str:
        """The URI of its key."""
        query = f"module-path={module}&pin-source={pin or f'file:{self.pin_file}'}"
        return f"pkcs11:token={label};object={key};type=private?{query}"


def soft_token(folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """A token that holds the key of a file; the test is skipped where SoftHSM2 is not installed."""
    tool = shutil.which("softhsm2-util")
    if tool is None or not MODULE.exists():
        pytest.skip("softhsm2 is not installed")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    as_owner = ["--token", "gate", "--pin", PIN]
    steps = (
        ["--init-token", "--free", "--label", "gate", "--pin", PIN, "--so-pin", PIN[::-1]],
        ["--import", str(key), *as_owner, "--label", "signer", "--id", "01"],
    )
    for step in steps:
        subprocess.run([tool, *step], check=True, capture_output=True)
    pin_file = folder / "pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o600)
    return SoftToken(pin_file)
