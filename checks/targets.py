"""What a check may look through: one Protocol per kind of target, and the frozen records that they return.

The implementations live in ``fixtures``; a check never knows whether it looks at the reference stack, at somebody's
deployment or at one broken service of the lab. A method that cannot look raises
`checks.model.CannotLookError`. Nothing returned here holds a token, a password, a key or PHI.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

# ---------------------------------------------------------------------------------------------------------- the edge


@dataclass(frozen=True)
class Handshake:
    """Outcome of offering one protocol version: ``version`` as in ``TLSv1.1``; ``ciphers`` by OpenSSL name."""

    version: str
    accepted: bool
    ciphers: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """The certificate chain that a server presents, judged against the trust anchors of the target.

    ``seconds_left`` until ``not_after``, negative when past; ``problem`` says why the path is not trusted.
    """

    subject: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    seconds_left: float
    key_bits: int
    signature_hash: str
    trusted: bool
    matches_name: bool
    problem: str


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, not followed through redirects. Header names are lower case; seconds by the monotonic clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@runtime_checkable
class Edge(Protocol):
    """The TLS and HTTP front door. ``address`` is ``host:port`` of HTTPS, ``server_name`` the name clients use."""

    address: str
    server_name: str

    def handshake(self, version: str) -> Handshake:
        """Offer exactly one of SSLv2, SSLv3, TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3."""
        ...

    def certificate(self) -> Certificate:
        """The leaf as presented, with the verdict of path validation and name matching."""
        ...

    def get(self, path: str, *, tls: bool = True) -> Reply:
        """GET over HTTPS, or over the plain HTTP port with ``tls=False``; redirects are not followed."""
        ...


# ------------------------------------------------------------------------------------------------------------ the API


@dataclass(frozen=True)
class Account:
    """A test account. Its secrets stay inside the implementation."""

    username: str
    role: str
    tenant: str


@dataclass(frozen=True)
class Login:
    """Outcome of a log-in: status, whether a token came back, and that token's lifetime and claims by name."""

    status: int
    granted: bool
    expires_in_s: int | None
    claims: Mapping[str, object]


@runtime_checkable
class Api(Protocol):
    """The clinical application behind the edge."""

    base_url: str

    def accounts(self) -> tuple[Account, ...]:
        """The declared test accounts: at least one per role, and physicians in two tenants."""
        ...

    def call(
        self,
        method: str,
        path: str,
        *,
        account: Account | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request, anonymous or as an account; logs the account in once and reuses its token.

        Answers 429 of the edge are waited out, within a deadline.
        """
        ...

    def login(self, account: Account, *, password: str | None = None, totp: str | None = None) -> Login:
        """Log in afresh; ``password`` or ``totp`` replace the right ones, ``totp=""`` leaves the factor out."""
        ...

    def call_after_logout(self, account: Account, path: str) -> Reply:
        """Log in afresh, log out, then GET ``path`` with the revoked token."""
        ...

    def call_with_forged_token(self, account: Account, path: str, flaw: str) -> Reply:
        """GET with a token that has one flaw: ``alg-none``, ``wrong-key``, ``wrong-audience`` or ``expired``."""
        ...

    def new_account(self, role: str, tenant: str) -> Account:
        """A disposable account, made through the administration API."""
        ...


# ---------------------------------------------------------------------------------------------------------- the stores


@dataclass(frozen=True)
class Attempt:
    """Whether a statement or connection was accepted, and the refusal (SQLSTATE or message) if not."""

    accepted: bool
    refusal: str


@runtime_checkable
class Database(Protocol):
    """The relational database, seen by an auditor's role that may also act as the application's role.

    ``application_role`` is the role that the application connects as; ``phi_columns`` the declared (table, column)
    pairs that must hold ciphertext; ``audit_table`` the audit trail.
    """

    address: str
    application_role: str
    audit_table: str
    phi_columns: tuple[tuple[str, str], ...]

    def query(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Mapping[str, object], ...]:
        """Rows of a read-only query as the auditor, on the writable primary."""
        ...

    def attempt(self, sql: str, parameters: Sequence[object] = (), *, role: str) -> Attempt:
        """Run a statement as ``role`` in a transaction that is always rolled back."""
        ...

    def attempt_connection(self, *, encrypted: bool, user: str, password: str = "") -> Attempt:
        """Try to connect over the network to the primary with the given user, with or without TLS."""
        ...


@runtime_checkable
class Cache(Protocol):
    """The session cache. ``nodes`` are ``host:port``."""

    nodes: tuple[str, ...]

    def ping(self, node: str, *, encrypted: bool, authenticated: bool) -> Attempt:
        """Send PING with or without TLS and credentials; accepted when the server answers PONG."""
        ...

    def configuration(self, node: str) -> Mapping[str, str]:
        """CONFIG GET * of a node, less secrets."""
        ...

    def cluster(self) -> tuple[int, int, int]:
        """(slots covered of 16384, reachable primaries, primaries with a connected replica)."""
        ...


# ----------------------------------------------------------------------------------------------- serving and operations


@dataclass(frozen=True)
class Server:
    """One inference server: address, whether it is healthy, and whether it produced a token just now."""

    address: str
    healthy: bool
    generated: bool
    problem: str


@runtime_checkable
class Inference(Protocol):
    """The inference servers behind the router."""

    def servers(self) -> tuple[Server, ...]:
        """Every declared server, asked for its health and for one short completion."""
        ...


@dataclass(frozen=True)
class FileFacts:
    """Mode as in 0o600, owner and group by name."""

    path: str
    mode: int
    owner: str
    group: str


@dataclass(frozen=True)
class ProcessFacts:
    """A process: its command's name, pid, and effective user by name."""

    command: str
    pid: int
    user: str


@runtime_checkable
class Hosts(Protocol):
    """The machines that carry the services."""

    def private_keys(self) -> tuple[FileFacts, ...]:
        """Every private key file that the deployment declares."""
        ...

    def store_processes(self) -> tuple[ProcessFacts, ...]:
        """Every running process of a database, a cache or their cluster manager."""
        ...


@dataclass(frozen=True)
class Alert:
    """A provoked alert: whether each station saw it, and seconds from the fault to its arrival at the receiver."""

    name: str
    rule_loaded: bool
    fired: bool
    arrived: bool
    seconds: float
    detail: str


@runtime_checkable
class Monitoring(Protocol):
    """Prometheus, Alertmanager and the receiver."""

    def rules(self) -> tuple[str, ...]:
        """Names of the alerting rules that Prometheus has loaded."""
        ...

    def targets(self) -> Mapping[str, bool]:
        """Scrape target -> up."""
        ...

    def rules_without_series(self) -> Mapping[str, tuple[str, ...]]:
        """Alerting rule -> the metrics of its expression that no scraped target exports; empty for a sound rule."""
        ...

    def provoke(self, timeout_s: float) -> Alert:
        """Stop one scraped service, wait for its alert at the receiver, then start the service again."""
        ...


# -------------------------------------------------------------------------------------------------- backup and recovery


@dataclass(frozen=True)
class BackupInfo:
    """What the backup repository says: its cipher, the newest complete backup, and the state of WAL archiving."""

    cipher: str
    newest: datetime | None
    age_s: float | None
    archiving: bool
    detail: str


@dataclass(frozen=True)
class Restoration:
    """A restore of the newest backup into an empty place, with WAL replayed, compared with the source.

    ``expected_rows`` and ``restored_rows`` count the rows of all PHI tables at a marker written before the last WAL
    switch; ``marker_found`` says whether that marker came back; ``seconds`` is from the command to readable data.
    """

    completed: bool
    expected_rows: int
    restored_rows: int
    checksums_match: bool
    marker_found: bool
    seconds: float
    detail: str


@runtime_checkable
class Backups(Protocol):
    """The backups of the database."""

    def information(self) -> BackupInfo:
        """The repository's own account of itself."""
        ...

    def plaintext_in_repository(self) -> tuple[str, ...]:
        """``file: offset`` of every database page, WAL header or canary readable without the key."""
        ...

    def restore(self) -> Restoration:
        """Restore into an empty place, verify and clean up."""
        ...


@dataclass(frozen=True)
class Drill:
    """A recorded recovery drill, in seconds of the harness's monotonic clock.

    ``rto_s`` and ``read_rto_s`` are None when service did not come back stably inside the drill's window.
    ``longest_gap_s`` is the longest time between two acknowledgements. ``ack_age_s`` is the age of the last
    acknowledgement when the fault was injected. ``lost`` and the other sets hold idempotency keys.
    ``redundancy_s``: from the heal until every replica is back, None when one was not in time. ``primary_samples``
    counts how often the nodes were asked whether they take writes.
    ``complete_read`` says whether every key could be read back. ``clock_skew_s``: UTC against monotonic.
    """

    scenario: str
    fault: str
    resolution_s: float
    rto_s: float | None
    read_rto_s: float | None
    longest_gap_s: float
    redundancy_s: float | None
    ack_age_s: float
    acknowledged: int
    lost: tuple[str, ...]
    lost_span_s: float
    corrupt: tuple[str, ...]
    duplicate: tuple[str, ...]
    failed_yet_present: tuple[str, ...]
    complete_read: bool
    two_primaries_seen: bool
    primary_samples: int
    clock_skew_s: float
    ledger_intact: bool


@runtime_checkable
class History(Protocol):
    """The recovery drills of this run."""

    def drill(self, scenario: str) -> Drill:
        """The record of a scenario, run once per session when first asked for."""
        ...


# --------------------------------------------------------------------------------------------------------- performance


@dataclass(frozen=True)
class Latencies:
    """Latency of one kind of request, from the intended start: counts per value in a 3-digit HDR histogram.

    A kind with a colon, e.g. ``inference.chat:first_token``, is a time inside requests and no request of its own.
    ``values_ms`` ascending, ``counts`` of the same length; failed requests are counted in ``errors`` by cause, and
    their latency is among the counts. ``good`` were answered rightly and kept every objective of the load.
    """

    kind: str
    values_ms: tuple[float, ...]
    counts: tuple[int, ...]
    errors: Mapping[str, int]
    good: int = 0

    @property
    def total(self) -> int:
        """Number of requests."""
        return sum(self.counts)

    @property
    def failed(self) -> int:
        """Number of requests that failed, whatever the cause."""
        return sum(self.errors.values())

    def over(self, limit_ms: float) -> int:
        """How many requests took longer than a limit."""
        return sum(c for v, c in zip(self.values_ms, self.counts, strict=True) if v > limit_ms)

    def percentile(self, share: float) -> float:
        """Smallest recorded value in ms that ``share`` (0..1) of the requests do not exceed; 0 when empty."""
        needed, seen = share * self.total, 0
        for value, count in zip(self.values_ms, self.counts, strict=True):
            seen += count
            if seen >= needed:
                return value
        return 0.0

    @staticmethod
    def merged(kind: str, parts: Iterable[Latencies]) -> Latencies:
        """Several histograms as one; exact, since all use the same buckets."""
        counts: Counter[float] = Counter()
        errors: Counter[str] = Counter()
        good = 0
        for part in parts:
            for value, count in zip(part.values_ms, part.counts, strict=True):
                counts[value] += count
            errors.update(part.errors)
            good += part.good
        values = tuple(sorted(counts))
        return Latencies(kind, values, tuple(counts[v] for v in values), dict(errors), good)


@dataclass(frozen=True)
class Objective:
    """What a request must keep to be good, in ms; the first two from its intended start. None asks for nothing."""

    total_ms: float | None = None
    first_token_ms: float | None = None
    per_token_ms: float | None = None


@dataclass(frozen=True)
class Slice:
    """One slice (``Load.slice_s``) of a load: what was meant to start in it, and ``ended``, how many requests ended in it.

    ``at_s`` counts from the opening of the measured window; the last slices, after its end, have only ``ended``.
    ``users`` were at work. Of the times inside requests, ``kinds`` has the first token's, and those of refusals
    (429, 503) as ``KIND:refused``.
    """

    at_s: float
    users: int
    ended: int
    kinds: tuple[Latencies, ...]


@dataclass(frozen=True)
class Mark:
    """Something that happened during a load, e.g. a fault or the end of a spike, in s from the window's opening."""

    at_s: float
    what: str


@dataclass(frozen=True)
class Generator:
    """One process of the load generator: the requests that it sent, and its CPU share (1.0 is one full core)."""

    name: str
    requests: int
    cpu: float


@dataclass(frozen=True)
class Written:
    """What became of the records that a load wrote, read back after it.

    Args:
        acknowledged: writes that were answered with success.
        lost: of those, how many are not there.
        duplicated: writes that are there more than once, acknowledged or not.
        refused_yet_present: writes that were refused as too many (429, 503) and are there nevertheless.
        complete: whether everything could be read back; otherwise the other numbers say nothing.
    """

    acknowledged: int
    lost: int
    duplicated: int
    refused_yet_present: int
    complete: bool


@dataclass(frozen=True)
class Accelerator:
    """A GPU during a load, by NVML: highest share of its memory in use, mean share of the time that it was busy."""

    name: str
    memory: float
    utilisation: float


@dataclass(frozen=True)
class Load:
    """A recorded load: who, how long, how fast, and the busiest generator process's CPU share (1.0 is one full core).

    Args:
        objectives: by the head of a kind (``inference`` of ``inference.chat``), what a good request had to keep.
        opened_ns: when the measured window opened, by ``time.monotonic_ns`` of the machine that sent the load.
        slices: the same requests over time, each ``slice_s`` long.
        marks: what happened meanwhile.
        generators: the processes that sent it.
        written: what became of its writes; None when it wrote nothing or did not look.
        accelerators: the GPUs that served it, where they could be watched.
    """

    profile: str
    users: int
    seconds: float
    arrival: str
    seed: int
    kinds: tuple[Latencies, ...]
    generator_cpu: float
    complete: bool
    problem: str
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    opened_ns: int = 0
    slice_s: float = 1.0
    slices: tuple[Slice, ...] = ()
    marks: tuple[Mark, ...] = ()
    generators: tuple[Generator, ...] = ()
    written: Written | None = None
    accelerators: tuple[Accelerator, ...] = ()


@runtime_checkable
class LoadHistory(Protocol):
    """The loads of this run."""

    def load(self, profile: str = "") -> Load:
        """The record of a profile, by default the run's own; sent once per session, when first asked for."""
        ...


# ------------------------------------------------------------------------------------------------- privacy, federation


@dataclass(frozen=True)
class PrivacyClaim:
    """What a component says of its mechanism.

    Args:
        source: the component's own name.
        mechanism: the noise's law, ``gaussian`` or ``laplace``.
        epsilon: of one query; likewise ``delta``.
        budget: what one user may spend; None, as ``minimum_participants``, for a component that only draws noise.
        noise_multiplier: standard deviation (Gaussian) or scale (Laplace) of the noise over what adding or removing
            one patient can move.
        adjacency: neighbours, between which epsilon and delta hold: ``add-remove`` one patient, or ``substitute`` one.
    """

    source: str
    mechanism: str
    epsilon: float
    delta: float
    budget: float | None
    noise_multiplier: float
    minimum_participants: int | None
    adjacency: str = "add-remove"


@dataclass(frozen=True)
class Spending:
    """Outcome of many concurrent queries by one user whose budget covers only some of them.

    ``epsilon_spent`` is what the granted ones cost by RDP at the deployment's delta, ``epsilon_reported`` what the
    deployment says afterwards, ``other`` counts answers that are neither a grant nor the refusal; ``detail`` names them.
    """

    asked: int
    granted: int
    refused: int
    other: int
    epsilon_spent: float
    epsilon_reported: float
    budget: float
    detail: str = ""


@dataclass(frozen=True)
class NodeNoise:
    """Noise that one node put into its answers of some kinds, in units of each query's sensitivity.

    Args:
        node: ``host:port``.
        name: what the node calls itself, as in the claim of its settings.
        kinds: which queries, in words.
        values: what it answered less what is exact; a release of several values shares its noise out, which is undone.
        stated: the smallest noise multiplier that its answers say they carry.
    """

    node: str
    name: str
    kinds: str
    values: tuple[float, ...]
    stated: float


@dataclass(frozen=True)
class Repetition:
    """One query asked again and again as a fresh release each time, and every answer's values."""

    source: str
    answers: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ReleasedNoise:
    """What users really get: noise in the application's own answers about a cohort that is empty.

    Args:
        source: the application.
        values: what was released less what is exact, in units of what one patient can move.
        answers: how many answers they stand in.
        users: how many fresh users asked.
        ended_by: the refusal that ended it, in words; empty when everything that was asked was answered.
    """

    source: str
    values: tuple[float, ...]
    answers: int
    users: int
    ended_by: str


@runtime_checkable
class Mechanism(Protocol):
    """The differential-privacy mechanism of the deployment."""

    def claims(self) -> tuple[PrivacyClaim, ...]:
        """The claim of every component that draws noise or accounts for it, from its own configuration."""
        ...

    def sample(self, size: int, seed: int) -> npt.NDArray[np.float64]:
        """Noise of ``size`` releases of one constant sensitivity-1 query, from what serves now; shape (size,).

        Args:
            seed: recorded beside the result; a secure generator cannot be seeded.
        """
        ...

    def sample_each(self, size: int, seed: int) -> tuple[NodeNoise, ...]:
        """Noise in at least ``size`` values of each node's own answers, per group of query kinds.

        Args:
            seed: recorded beside the result; a secure generator cannot be seeded.
        """
        ...

    def repeat(self, times: int) -> Iterator[Repetition]:
        """One query of many values asked ``times`` times: of every node, then through the application by a fresh user."""
        ...

    def released(self, queries: int, users: int) -> ReleasedNoise:
        """Let fresh users ask the application up to ``queries`` queries each, as many as it allows them."""
        ...

    def spend(self, clients: int, queries: int) -> Spending:
        """Let one fresh user ask ``queries`` costly queries from ``clients`` concurrent connections."""
        ...


@dataclass(frozen=True)
class NodeContact:
    """What a federation node answered to one way of calling it."""

    node: str
    way: str
    accepted: bool
    detail: str


@dataclass(frozen=True)
class Participation:
    """An aggregate asked for with some nodes out: how many took part and whether a value was released."""

    available: int
    status: int
    released: bool


@dataclass(frozen=True)
class JointAnswer:
    """What the application answered of all hospitals while one node's place was taken by another program.

    Args:
        kind: of the query, which is over all patients.
        behaviour: of the program, see `Federation.beside`; empty when every node is itself.
        value: what was released, None when nothing was.
        participants: as the answer says.
        clip: to which interval it says that each node's part was clipped; None when it does not say.
        noise_scale: standard deviation of one node's noise, as it says.
    """

    kind: str
    behaviour: str
    status: int
    value: float | None
    participants: int
    clip: tuple[float, float] | None
    noise_scale: float


@dataclass(frozen=True)
class Part:
    """A node's part of the federation's public reference problem, ridge regression: rows of X, and y."""

    node: str
    rows: tuple[tuple[float, ...], ...]
    targets: tuple[float, ...]
    ridge: float


@dataclass(frozen=True)
class Training:
    """A federated training on the reference problem: where it ended, after how many rounds, with how many nodes."""

    strategy: str
    weights: tuple[float, ...]
    rounds: int
    participants: int


@dataclass(frozen=True)
class RoleAnswer:
    """The status of the answer to somebody of this role; without a log-in it is empty."""

    role: str
    status: int


@runtime_checkable
class Federation(Protocol):
    """The hospital nodes."""

    def contact(self, way: str) -> tuple[NodeContact, ...]:
        """Call every node ``with-certificate``, ``without-certificate``, ``foreign-certificate`` or ``plaintext``."""
        ...

    def aggregate_with(self, available: int) -> Participation:
        """Ask the router for an aggregate while only ``available`` nodes can be reached; heals afterwards."""
        ...

    def beside(
        self, behaviours: Sequence[str], kinds: Sequence[str] = ("count",), honest: int | None = None
    ) -> tuple[JointAnswer, ...]:
        """Ask the application, as a fresh user, for aggregates over all patients while one node is not itself; heals
        afterwards.

        Args:
            behaviours: of the program in that node's place: ``claims:N`` answers N for every value, ``fails`` HTTP 500,
                ``garbled`` no JSON, ``short`` a value too few, ``late`` not in time; empty for the node itself.
            kinds: asked under each behaviour: ``count`` or ``sum``.
            honest: how many other nodes can be reached; all when None.
        """
        ...

    def problem(self) -> tuple[Part, ...]:
        """The reference problem, as its nodes publish it."""
        ...

    def train(self, rounds: int) -> Training:
        """Train on the reference problem through the application for at most so many rounds."""
        ...

    def train_as(self) -> tuple[RoleAnswer, ...]:
        """Ask for a training of no rounds as every role that the deployment has a test account of, and without a log-in."""
        ...


# ------------------------------------------------------------------------------------------------------------- canary


@dataclass(frozen=True)
class Trace:
    """Where a marker of the synthetic patient was found: a file with offset, or hosts and port; and its encoding."""

    place: str
    encoding: str


@dataclass(frozen=True)
class Sighting:
    """A search for the canary: what was searched, how much, and what was found."""

    place: str
    examined: int
    bytes: int
    traces: tuple[Trace, ...]


@runtime_checkable
class Canary(Protocol):
    """A synthetic patient with marker strings that occur nowhere else, driven through the whole system."""

    def at_rest(self) -> tuple[Sighting, ...]:
        """Every kind of byte at rest: database files, WAL, backups, cache files, logs, model server, evidence."""
        ...

    def on_the_wire(self) -> tuple[Sighting, ...]:
        """Every link between hosts while the patient's data moved."""
        ...
