"""Where a secret is that a command line may not hold: ``env:NAME``, ``file:PATH``, or a path."""

from __future__ import annotations

import os
import re
from pathlib import Path

from reports.files import read_plain

_LARGEST = 4096
_ENVIRONMENT = re.compile(r"env:([A-Za-z_]\w*)")
_PATH = re.compile(r"file:|/(?!/)|\.\.?/|~")  # how one begins: anything else may be the secret itself


class SecretSourceError(Exception):
    """A secret cannot be read, or others can read it, too; the message says where it should be, never what it is."""


def read_secret(source: str) -> str:
    """The secret, without the end of its line.

    Args:
        source: ``env:NAME``, ``file:PATH`` (also as a URL, ``file:///...``), or a path that begins with ``/``, ``./``,
            ``../`` or ``~``.

    Raises:
        SecretSourceError: it is none of these, and is not quoted; there is no such variable or file, others can read
            the file, or it is empty or no text.
    """
    if named := _ENVIRONMENT.fullmatch(source):
        secret, where = os.environ.get(named[1], ""), f"the variable {named[1]} of the environment"
    elif not _PATH.match(source):
        msg = "say where the secret is, not what it is: env:NAME, file:PATH, or a path that begins with /, ./, ../ or ~"
        raise SecretSourceError(msg)
    else:
        path = Path(source.removeprefix("file://").removeprefix("file:"))
        secret, where = _of_file(path), str(path)
    if not secret:
        msg = f"{where} has nothing in it"
        raise SecretSourceError(msg)
    return secret


def _of_file(path: Path) -> str:
    try:
        content, mode = read_plain(path, _LARGEST, follow=True), path.stat().st_mode
        text = content.decode()
    except OSError as problem:
        msg = f"cannot read {path}: {problem.strerror}"
        raise SecretSourceError(msg) from problem
    except UnicodeDecodeError:
        msg = f"{path} is no text in UTF-8"
        raise SecretSourceError(msg) from None  # the cause would quote it
    if mode & 0o077:
        msg = f"{path} can be read by others: chmod 600 {path}"
        raise SecretSourceError(msg)
    return text.rstrip("\r\n")
