"""What the generator reports of chats on a model server of known behaviour, beside the truth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.load_truth.chat_laws import CHAT_LAWS, ChatTruth, ServedChat, chat_truth
from benchmarks.load_truth.laws import Percentiles
from benchmarks.load_truth.observers import ABSOLUTE_MS, RELATIVE, SOURCES, served, undisturbed
from benchmarks.wrk import BenchmarkError
from checks.targets import Load
from fixtures.hosts.loopback import LoopbackHost
from fixtures.hosts.ports import free_port
from fixtures.targets.load.target import send
from loadtests.generator.spec import LoadSpec
from loadtests.schedules.profiles import make_profile

PARTS: Mapping[str, str] = {
    "": "whole answer",
    "first_token": "first token",
    "first_output_token": "first output token",
    "per_token": "per later token",
    "per_chunk": "per later chunk",
}
CONNECT_MS = 1.0  # a server that closes is connected to anew for every chat, before it sees anything of it
_USERS, _RATE, _SECONDS = 10, 50, 8
_PROFILE = make_profile(
    {
        "name": "chats",
        "users": _USERS,
        "think_s": (_USERS / _RATE / 2, _USERS / _RATE * 3 / 2),
        "warm_up_s": 1,
        "seconds": _SECONDS,
        "timeout_s": 5,
        "output_tokens": (4, 4),
        "roles": {"clinician": 1.0},
    }
)


@dataclass(frozen=True)
class ChatRow:
    """One figure: the truth and what was reported, p50 and p95 in ms, or only a count.

    Args:
        allowed_ms: how far apart the times may be; 1 % of the truth is allowed in any case.
    """

    what: str
    counts: tuple[int, int]
    allowed_ms: float
    p50: tuple[float, float] | None = None
    p95: tuple[float, float] | None = None

    @property
    def wrong(self) -> bool:
        """Whether truth and report are too far apart."""
        pairs = [pair for pair in (self.p50, self.p95) if pair]
        far = any(abs(seen - true) > max(self.allowed_ms, RELATIVE * true) for true, seen in pairs)
        return far or self.counts[0] != self.counts[1]


def chat_rows(place: Path, run_id: str, key: str, seed: int) -> list[ChatRow]:
    """Send chats to one server, and compare.

    Raises:
        BenchmarkError: the load did not run to its end.
    """
    law, port = CHAT_LAWS[key], free_port()
    client, host = (LoopbackHost(name, "127.0.0.1", place / f"{key}-{name}", run_id) for name in ("client", "server"))
    spec = LoadSpec(target=law.name, base_url=f"http://127.0.0.1:{port}", sources=SOURCES, profile=_PROFILE, seed=seed)
    with undisturbed(), served(host, "benchmarks.load_truth.chat_server", key, port) as (_, answers):
        load = send(client, spec)
    if not load.complete:
        msg = f"{law.name}: {load.problem}"
        raise BenchmarkError(msg)
    notes = {
        (user, number): ServedChat(came, tuple(moments), left)
        for user, number, came, moments, left in json.loads(answers.read_text())
    }
    allowed_ms = ABSOLUTE_MS + (CONNECT_MS if law.closes else 0)
    return list(compared(chat_truth(_PROFILE, seed, law, notes), load, allowed_ms))


def compared(true: ChatTruth, load: Load, allowed_ms: float = ABSOLUTE_MS) -> Iterator[ChatRow]:
    """Every figure of the truth beside the one of the record, and what either has alone."""
    kinds = {kind.kind.removeprefix("inference.chat").removeprefix(":"): kind for kind in load.kinds}
    none = Percentiles(0, (0.0, 0.0, 0.0))
    for part, what in PARTS.items():
        if part not in true.times and part not in kinds:
            continue
        right, seen = true.times.get(part, none), kinds.get(part)
        p50, p95 = (seen.percentile(0.5), seen.percentile(0.95)) if seen else (0.0, 0.0)
        counts = right.total, seen.total if seen else 0
        yield ChatRow(what, counts, allowed_ms, (right.ms[0], p50), (right.ms[1], p95))
    errors = kinds[""].errors if "" in kinds else {}
    for cause in sorted({*true.failures, *errors}):
        yield ChatRow(cause, (true.failures.get(cause, 0), errors.get(cause, 0)), allowed_ms)


def show_chats(console: Console, found: Mapping[str, list[ChatRow]]) -> bool:
    """Print the rows of every server; whether all are right."""
    table = Table("chats, in ms", box=None, pad_edge=False)
    for column in ("n true", "told", "p50 true", "told", "p95 true", "told", ""):
        table.add_column(column, justify="right", no_wrap=True)
    for key, rows in found.items():
        table.add_row(f"[bold]{CHAT_LAWS[key].name}[/]")
        for row in rows:
            times = [f"{value:.1f}" for pair in (row.p50, row.p95) if pair for value in pair] or [""] * 4
            table.add_row(f"  {row.what}", *map(str, row.counts), *times, "[red]off[/]" if row.wrong else "")
    console.print(table)
    if any(CHAT_LAWS[key].closes for key in found):
        console.print(f"A new connection for every chat may take {CONNECT_MS:g} ms beyond the truth.", highlight=False)
    return not any(row.wrong for rows in found.values() for row in rows)
