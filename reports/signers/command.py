"""A command that signs: a client of a signing service, or of a cloud's key management.

It is called twice, in one of two ways, with a word after its own arguments::

    PROGRAM ARGUMENTS public-key          prints the public key (PEM, Ed25519)
    PROGRAM ARGUMENTS sign                reads the message on stdin, prints its signature: 64 bytes, or their base64

No shell reads it, so that nothing in it is expanded.
"""

from __future__ import annotations

import base64
import binascii
import shlex
from functools import partial
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from reports.keys import SigningKeyError
from reports.signers.asking import TIMEOUT_S, ask
from reports.signers.outside import OutsideSigner

_SIGNATURE = 64


def command_signer(given: str, *, timeout_s: float = TIMEOUT_S) -> OutsideSigner:
    """The signer behind a command.

    Args:
        given: ``command:`` with the program and its arguments, as in a shell.
        timeout_s: for each answer.

    Raises:
        SigningKeyError: it shows no Ed25519 public key.
    """
    try:
        words = shlex.split(given.removeprefix("command:"))
    except ValueError as problem:
        msg = f"the signing command cannot be read: {problem}"
        raise SigningKeyError(msg) from problem
    if not words:
        msg = "command: names no program: command:PROGRAM ARGUMENTS"
        raise SigningKeyError(msg)
    name = f"the signing command {Path(words[0]).name}"
    shown = ask([*words, "public-key"], b"", name=name, timeout_s=timeout_s)
    try:
        key = load_pem_public_key(shown)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        msg = f"{name} prints no Ed25519 public key in PEM when it is called with public-key"
        raise SigningKeyError(msg)
    return OutsideSigner(name, key, partial(_signature, words, name, timeout_s))


def _signature(words: list[str], name: str, timeout_s: float, message: bytes) -> bytes:
    printed = ask([*words, "sign"], message, name=name, timeout_s=timeout_s)
    if len(printed) == _SIGNATURE:
        return printed
    try:
        signature = base64.b64decode(printed.strip(), validate=True)
    except binascii.Error:
        signature = b""
    if len(signature) != _SIGNATURE:
        msg = f"{name} printed {len(printed)} bytes, and not a signature of {_SIGNATURE} or its base64"
        raise SigningKeyError(msg)
    return signature
