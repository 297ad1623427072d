"""What can be wrong with an edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from checks.lab.flaws import Flaws
from checks.targets import Edge

CertificateKind = Literal["valid", "self-signed", "expired", "expiring", "wrong-name"]
LegacyProtocol = Literal["SSLv3", "TLSv1.0", "TLSv1.1"]


@dataclass(frozen=True)
class EdgeFlaws(Flaws[Edge]):
    """The reference edge's nginx in front of a small static upstream.

    Args:
        protocols: nginx ``ssl_protocols``.
        ciphers: OpenSSL cipher list in place of the reference one.
        certificate: what it shows; ``expiring`` has a day left.
        replace: text of the rendered nginx.conf -> what stands there instead.
    """

    protocols: str = "TLSv1.2 TLSv1.3"
    ciphers: str = ""
    certificate: CertificateKind = "valid"
    replace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LegacyEdgeFlaws(Flaws[Edge]):
    """A tlslite-ng server that speaks only ``version``, which no current nginx can be made to."""

    version: LegacyProtocol
