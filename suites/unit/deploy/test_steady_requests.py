"""The requests of the Swarm drills: none is forgotten, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from fixtures.stack.certificates import CertificateAuthority
from fixtures.wait import wait_for
from suites.swarm.steady_requests import SteadyRequests

pytestmark = [pytest.mark.unit]


def _asked(door: Callable[[str], httpx.Response], folder: Path, monkeypatch: pytest.MonkeyPatch) -> SteadyRequests:
    """Some requests to two front doors."""
    monkeypatch.setattr(httpx.Client, "get", lambda _client, url: door(url))
    with SteadyRequests(("10.0.0.1", "10.0.0.2"), CertificateAuthority(folder).certificate) as traffic:
        wait_for(lambda: len(traffic.seen) >= 2, what="two requests", timeout_s=10)
    return traffic


@pytest.mark.parametrize("problem", [httpx.ConnectError("refused"), httpx.DecodingError("gzip"), RuntimeError("odd")])
def test_a_request_that_goes_wrong_is_lost(problem: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it goes wrong."""

    def door(_url: str) -> httpx.Response:
        raise problem

    traffic = _asked(door, tmp_path, monkeypatch)
    assert traffic.lost == traffic.seen
    assert {each.status for each in traffic.seen} == {0}


def test_who_answered_is_known_of_errors_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a bad version that answers nothing but errors would not be seen."""
    traffic = _asked(lambda _url: httpx.Response(500, text="bad 1a2b3c4d agent\n"), tmp_path, monkeypatch)
    assert traffic.answered() == {"bad": len(traffic.seen)}
    assert not traffic.served()
