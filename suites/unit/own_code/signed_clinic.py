"""The application of `examples/own_code/adapter`: a real server that asks for an HMAC of every request."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ssl
from collections.abc import Iterator
from pathlib import Path

from fixtures import REPOSITORY
from fixtures.hosts.files import write_private
from fixtures.stack.certificates import CertificateAuthority
from suites.unit.application.clinic import Answer, Asked, clinic

EXAMPLE = REPOSITORY / "examples" / "own_code" / "adapter"
_KEYS = {"dr.a": "the doctor's key", "clerk.b": "the clerk's key"}
_MAY = {"/me": _KEYS.keys(), "/patients": {"dr.a"}, "/patients/count": _KEYS.keys()}


def answer(asked: Asked, *, careless: bool = False) -> Answer:
    """401 for want of a signature, 403 for want of a right; who is ``careless`` looks at no signature."""
    user = asked.headers.get("x-user", "")
    head = (asked.method, asked.path, asked.headers.get("x-date", ""))
    text = b"\n".join([*(part.encode() for part in head), asked.body])
    right = hmac.new(_KEYS.get(user, "nobody").encode(), text, hashlib.sha256).hexdigest()
    if not careless and not hmac.compare_digest(right, asked.headers.get("x-signature", "")):
        return Answer(401)
    return Answer() if careless or user in _MAY.get(asked.path, ()) else Answer(403)


@contextlib.contextmanager
def signed_clinic(folder: Path, *, careless: bool = False, adapter: str = "") -> Iterator[Path]:
    """The target file of the example for a server that runs until the end of the block.

    Args:
        adapter: the text of an adapter in place of the example's.
    """
    authority = CertificateAuthority(folder / "ca")
    pair = authority.issue("clinic", folder / "tls", names=("127.0.0.1",))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.certificate, pair.key)
    with clinic(lambda asked: answer(asked, careless=careless), tls) as served:
        text = (EXAMPLE / "target.toml").read_text()
        text = text.replace("https://clinic.example:8443", served.base_url)
        for user, variable in (("dr.a", "CLINIC_DOCTOR_KEY"), ("clerk.b", "CLINIC_CLERK_KEY")):
            text = text.replace(f'password_env = "{variable}"', f'password = "{_KEYS[user]}"')
        text = text.replace("/etc/ssl/certs/ca-certificates.crt", str(authority.certificate))
        write_private(folder / "target.toml", text)
        (folder / "application.toml").write_text((EXAMPLE / "application.toml").read_text())
        (folder / "clinic.py").write_text(adapter or (EXAMPLE / "clinic.py").read_text())
        yield folder / "target.toml"
