"""Log-ins before a measurement: tokens, and the patients that each may read."""

from __future__ import annotations

import ipaddress
import json
from itertools import cycle, islice

import pyotp
import urllib3

from benchmarks.wrk import BenchmarkError
from fixtures.deployment.target_file import AccountEntry, TargetFile

_READS = 200


def reads_for(target: TargetFile, accounts: int = 4) -> tuple[tuple[str, str], ...]:
    """(token, path) of reads of single patients, spread over several nurses.

    Raises:
        BenchmarkError: the target lacks what is needed, or refuses a log-in.
    """
    if target.api is None or target.edge is None or target.trust is None:
        msg = f"target {target.name} needs [trust], [edge] and [api]"
        raise BenchmarkError(msg)
    # The last ones: a load takes the first, and a code of the second factor is good only once.
    nurses = [a for a in target.api.load_accounts if a.role == "nurse"][-accounts:]
    if not nurses:
        msg = f"target {target.name} declares no load account of the role nurse"
        raise BenchmarkError(msg)
    found: list[list[tuple[str, str]]] = []
    for index, account in enumerate(nurses):
        with pool_from(target, index) as pool:
            token = log_in(pool, account)
            listed = pool.request("GET", "/patients?limit=50", headers={"Authorization": f"Bearer {token}"})
        rows = json.loads(listed.data)
        rows = rows if isinstance(rows, list) else rows.get("patients", rows.get("items", []))
        found.append([(token, f"/patients/{row['id']}") for row in rows])
    return tuple(islice((read for turn in zip(*map(cycle, found), strict=False) for read in turn), _READS))


def pool_from(target: TargetFile, index: int) -> urllib3.HTTPSConnectionPool:
    """Connections to the edge from the harness's own address of that index."""
    assert target.edge is not None  # noqa: S101  the caller has looked
    assert target.trust is not None  # noqa: S101  likewise
    host, _, port = target.edge.https.rpartition(":")
    network = target.client.harness_network
    source = (str(ipaddress.ip_network(network)[200 + index]), 0) if network else None
    name = target.edge.server_name
    return urllib3.HTTPSConnectionPool(
        host,
        int(port),
        ca_certs=str(target.trust.ca),
        server_hostname=name,
        assert_hostname=name,
        source_address=source,
        headers={"Host": name},
        retries=False,
    )


def log_in(pool: urllib3.HTTPSConnectionPool, account: AccountEntry) -> str:
    """The token of an account.

    Raises:
        BenchmarkError: refused.
    """
    code = pyotp.TOTP(account.totp_secret).now()
    body = {"username": account.username, "password": account.password, "totp": code}
    answer = pool.request("POST", "/auth/login", json=body)
    if answer.status != 200:
        msg = f"{account.username} could not log in: status {answer.status} (a code is good once: wait 30 s)"
        raise BenchmarkError(msg)
    return str(json.loads(answer.data)["access_token"])
