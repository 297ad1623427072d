"""Log-ins before a measurement: tokens, and the patients that each may read."""

from __future__ import annotations

from itertools import cycle, islice

from benchmarks.wrk import BenchmarkError
from checks.application import Request
from checks.application.answers import values_at
from checks.model import CannotLookError
from fixtures.application.people import person_of
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetFile

_READS = 200
_LISTED = Request("GET", "/patients?limit=50")
_PLACE = 200  # the first of its own among the harness's addresses: the edge limits log-ins by address


def reads_for(target: TargetFile, accounts: int = 4) -> tuple[tuple[str, str], ...]:
    """(token, path) of reads of single patients, spread over several nurses.

    Raises:
        BenchmarkError: the target lacks what is needed, or refuses a log-in.
    """
    # The last ones: a load takes the first, and a code of the second factor is good only once.
    nurses = [a for a in target.api.load_accounts if a.role == "nurse"][-accounts:] if target.api else []
    if not nurses:
        msg = f"target {target.name} declares no load account of the role nurse"
        raise BenchmarkError(msg)
    site = Deployment(target).site
    found: list[list[tuple[str, str]]] = []
    try:
        for index, account in enumerate(nurses):
            nurse = person_of(account, site.source(_PLACE + index))
            token = site.client.token(site.client.session(nurse))
            listed = values_at(site.client.send(_LISTED, nurse).body, "/patients/0/id")
            found.append([(token, f"/patients/{patient}") for patient in sorted(listed)])
    except CannotLookError as problem:
        raise BenchmarkError(str(problem)) from problem
    return tuple(islice((read for turn in zip(*map(cycle, found), strict=False) for read in turn), _READS))
