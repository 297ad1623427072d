"""The client of Redis trusts the authority that it is told of, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from fixtures.lab.cache import start_redis
from fixtures.lab.laboratory import Laboratory
from fixtures.services.redis import administrator
from fixtures.services.redis_client import connect
from fixtures.stack.certificates import CertificateAuthority


def test_an_authority_of_the_machine_vouches_for_nobody(
    laboratory: Laboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose certificate only the machine's authorities have signed is refused; its own lets it in."""
    other = CertificateAuthority(tmp_path / "other")
    with laboratory.bench() as bench:
        node = start_redis(bench)
        monkeypatch.setenv("SSL_CERT_FILE", str(bench.authority.certificate))
        account = administrator(bench.vault)

        with connect(node.address, account, bench.authority.certificate) as client:
            assert client.ping()
        with (
            connect(node.address, account, other.certificate) as client,
            pytest.raises(redis.ConnectionError, match="certificate verify failed"),
        ):
            client.ping()
