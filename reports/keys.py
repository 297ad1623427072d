"""The key that signs reports (Ed25519, PEM), and the public half that verifies them."""

from __future__ import annotations

import fcntl
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, Signer, SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from reports.files import read_plain, write_atomically

PRIVATE = "gate.ed25519"
PUBLIC = "gate.pub"
_LARGEST_KEY = 64 * 1024


class SigningKeyError(Exception):
    """A key is missing, unreadable or of another kind; the message says which and what to do."""


def machine_signer(directory: Path) -> CryptoSigner:
    """The signer of this machine, made on first use: ``gate.ed25519`` (mode 0600) with ``gate.pub`` beside it.

    Args:
        directory: where the pair lives, e.g. ``build/keys``.

    Raises:
        SigningKeyError: the directory cannot be written, or holds something else.
    """
    path = directory / PRIVATE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two runs that start together must not each make a key
            if not path.exists():
                write_atomically(path, CryptoSigner.generate_ed25519().private_bytes, mode=0o600)
            signer = load_signer(path)
            public = public_pem(signer)
            if not (directory / PUBLIC).exists() or (directory / PUBLIC).read_bytes() != public:
                write_atomically(directory / PUBLIC, public)
    except OSError as problem:
        msg = f"cannot keep a signing key in {directory}: {problem.strerror}"
        raise SigningKeyError(msg) from problem
    return signer


def load_signer(path: Path) -> CryptoSigner:
    """The signer of a PEM file.

    Raises:
        SigningKeyError: missing, open to others, encrypted, or no Ed25519 private key.
    """
    content = _read(path)
    if path.stat().st_mode & 0o077:
        msg = f"{path} can be read by others: chmod 600 {path}"
        raise SigningKeyError(msg)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError as problem:
        msg = f"{path} is encrypted with a passphrase: give an unencrypted Ed25519 key"
        raise SigningKeyError(msg) from problem
    except (ValueError, UnsupportedAlgorithm) as problem:
        msg = f"{path} holds no private key in PEM (make one: openssl genpkey -algorithm ed25519 -out {path})"
        raise SigningKeyError(msg) from problem
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path} is no Ed25519 key (make one: openssl genpkey -algorithm ed25519 -out {path})"
        raise SigningKeyError(msg)
    return CryptoSigner(key)


def load_public(path: Path) -> SSlibKey:
    """The public key of a PEM file.

    Raises:
        SigningKeyError: missing, or no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as problem:
        msg = f"{path} holds no public key in PEM; the signer's {PUBLIC} is one"
        raise SigningKeyError(msg) from problem
    if not isinstance(key, Ed25519PublicKey):
        msg = f"{path} is no Ed25519 public key"
        raise SigningKeyError(msg)
    return SSlibKey.from_crypto(key)


def public_pem(signer: Signer) -> bytes:
    """The public half of a signer, as PEM."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer.public_key.keyval["public"]))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        return read_plain(path, _LARGEST_KEY, follow=True)
    except OSError as problem:
        msg = f"cannot read the key {path}: {problem.strerror}"
        raise SigningKeyError(msg) from problem
