"""The running routers as a keeper of budgets: over HTTPS, with log-in, sessions, limits, audit trail and hospitals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Self

import httpx

from fixtures.application.client import ApplicationClient
from fixtures.application.connections import HttpEndpoint
from fixtures.application.people import person_of
from fixtures.deployment.sections import AccountEntry
from fixtures.lab.laboratory import Bench
from fixtures.reference import seed
from fixtures.reference.description import reference_application
from fixtures.services.https import client_context
from suites.privacy.accounts import Ask, ClientOutcome, ClientReply, Fate
from suites.privacy.hospital_group import RESERVE, SETTLE, Group

_TIMEOUT_S = 30.0
_CLIENTS = 64
_OUTCOMES = {200: ClientOutcome.ANSWERED, 403: ClientOutcome.REFUSED, 409: ClientOutcome.CONFLICT}
Body = dict[str, object]


def query_of(number: int) -> Body:
    """Another query for every number."""
    return {"kind": "count", "cohort": {"min_age": number}}


class ServedKeeper:
    """Implements `Keeper`; a process is a router.

    Users are the researchers of the reference accounts, taken in turn from every hospital.
    """

    noise_multipliers: Sequence[float] = (77.2,)
    delta = 1e-6
    examples = 2
    restarts_cheaply = False

    def __init__(self, bench: Bench, group: Group) -> None:
        self.group, self.processes = group, len(group.routers)
        accounts = (*seed.accounts(bench.vault), *seed.load_accounts(bench.vault))
        self._admins = {account.tenant: account for account in accounts if account.role == "admin"}
        self._researchers = [account for account in accounts if account.role == "researcher"]
        self._sessions: dict[str, dict[str, str]] = {}
        authority = bench.authority.certificate
        self._application = ApplicationClient(reference_application(), HttpEndpoint(group.routers[0].url, ca=authority))
        context = client_context(authority)
        limits = httpx.Limits(max_connections=None)
        self._clients = [
            httpx.Client(base_url=router.url, verify=context, timeout=_TIMEOUT_S, limits=limits, trust_env=False)
            for router in group.routers
        ]
        self._threads = ThreadPoolExecutor(_CLIENTS)

    def __enter__(self) -> Self:
        """The keeper itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._threads.shutdown()
        for client in self._clients:
            client.close()

    def open(self, noise_multiplier: float, budget: float, tenant: str = "") -> str:
        """See `Keeper.open`; a tenant's administrator sets the budget."""
        del noise_multiplier  # it is the routers' own
        account = next(a for a in self._researchers if tenant in ("", a.tenant))
        self._researchers.remove(account)
        self._log_in(account)
        self.allow(account.tenant, account.username, budget).raise_for_status()
        return account.username

    def allow(self, tenant: str, user: str, budget: float) -> httpx.Response:
        """A tenant's administrator sets a user's budget."""
        admin = self._admins[tenant]
        if admin.username not in self._sessions:
            self._log_in(admin)
        path = f"/admin/users/{user}/privacy-budget"
        return self._clients[0].put(path, json={"budget": budget}, headers=self._headers(admin.username))

    def tenant(self, budget: float) -> str:
        """See `Keeper.tenant`: no new ones here."""
        del budget
        return ""

    def send(self, ask: Ask, body: Body | None = None) -> httpx.Response:
        """One request as it is."""
        headers = self._headers(ask.user) | ({"Idempotency-Key": ask.key} if ask.key else {})
        return self._clients[ask.process].post("/dp/aggregates", json=body or query_of(ask.query), headers=headers)

    def begin(self, ask: Ask) -> Future[ClientReply]:
        """Send a request, and go on before it is answered."""
        return self._threads.submit(self._reply, ask)

    def ask(self, ask: Ask, fate: Fate = Fate.ANSWERED) -> ClientReply:
        """See `Keeper.ask`: a hospital dies between the reservation and its answer, or the router after the answers."""
        if fate is Fate.ANSWERED:
            return self._reply(ask)
        point = RESERVE if fate is Fate.LOST else SETTLE
        with self.group.held(point):
            pending = self.begin(ask)
            self.group.await_held(point)
            if fate is Fate.LOST:
                self.group.hospitals[0].kill()
            else:
                self.group.kill_router(ask.process)
        reply = pending.result(_TIMEOUT_S)
        if fate is Fate.LOST:
            self.group.start_hospital(0)
        else:
            self.group.start_router(ask.process)
        return reply

    def rush(self, asks: Sequence[Ask]) -> list[ClientReply]:
        """See `Keeper.rush`."""
        return [pending.result(_TIMEOUT_S) for pending in [self.begin(ask) for ask in asks]]

    def spent(self, user: str, process: int = 0) -> float:
        """See `Keeper.spent`."""
        answer = self._clients[process].get("/dp/budget", headers=self._headers(user)).raise_for_status()
        return float(answer.json()["spent"])

    def restart(self, process: int) -> None:
        """See `Keeper.restart`."""
        self.group.kill_router(process)
        self.group.start_router(process)

    def crash(self, asks: Sequence[Ask]) -> list[ClientReply]:
        """See `Keeper.crash`."""
        pending = [self.begin(ask) for ask in asks]
        await_some(pending, len(asks) // 8)
        server = self.group.postgres.server
        server.kill()
        server.start()
        server.wait()
        replies = [each.result(_TIMEOUT_S) for each in pending]
        self.group.await_routers()
        return replies

    def _reply(self, ask: Ask) -> ClientReply:
        try:
            answer = self.send(ask)
        except httpx.HTTPError:
            return ClientReply(ClientOutcome.NOTHING)
        outcome = _OUTCOMES.get(answer.status_code, ClientOutcome.NOTHING)
        if outcome is not ClientOutcome.ANSWERED:
            return ClientReply(outcome)
        released = {name: value for name, value in answer.json().items() if name != "budget"}  # which is of this moment
        return ClientReply(outcome, json.dumps(released, sort_keys=True))

    def _log_in(self, account: AccountEntry) -> None:
        self._sessions[account.username] = self._application.session(person_of(account))

    def _headers(self, user: str) -> dict[str, str]:
        return self._sessions[user]


def await_some(pending: Sequence[Future[ClientReply]], least: int) -> None:
    """Wait until so many are done."""
    left = set(pending)
    while left and len(pending) - len(left) < least:
        _, left = wait(left, timeout=_TIMEOUT_S, return_when=FIRST_COMPLETED)
