"""Breaking an example as it runs, in ways that a named check must notice.

with broken(site, BREAKAGES[0]):
    ...   # gate it: not APPROVED, and BREAKAGES[0].check says why

A breakage is what somebody would do by hand: change lines of a file and restart its program, or run a statement.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from examples.common.failover import FailoverPair
from examples.common.program import Premises, Program
from fixtures.services.edge import https_port
from fixtures.services.files import write_private
from fixtures.wait import wait_for

_RESTART_S = 30.0


@dataclass(frozen=True)
class Edit:
    """Text in a file below the run's ``hosts`` directory, and what takes its place."""

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Breakage:
    """One way to break an example.

    Args:
        check: id of the check that must say FAIL.
        restart: names of the programs that take the edits up.
        reload: whether the database servers take the edits up.
        failover: settings of Patroni, and ``failover_undo`` what they are when it is sound.
        sql: run as superuser in the application's database; ``undo`` takes it back.
        expired: whether the edge shows a certificate whose time is over.
        missing: patterns of files below the run's directory that are away meanwhile.
        ports: program -> the port at which it takes connections, where its own probe cannot believe it while broken.
    """

    name: str
    check: str
    edits: tuple[Edit, ...] = ()
    restart: tuple[str, ...] = ()
    reload: bool = False
    failover: tuple[str, ...] = ()
    failover_undo: tuple[str, ...] = ()
    sql: str = ""
    undo: str = ""
    expired: bool = False
    missing: tuple[str, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)


_ALERTS = "monitor/alertmanager/alertmanager.yml"
ALERTS_GO_TO_NOBODY = Breakage(
    name="alerts go to nobody",
    check="operations/alert_reaches_receiver",
    edits=(
        Edit(_ALERTS, "  receiver: desk\n", "  receiver: nobody\n"),
        Edit(_ALERTS, "receivers:\n", "receivers:\n  - name: nobody\n"),
    ),
    restart=("alertmanager",),
)


@dataclass(frozen=True)
class BreakableExample:
    """What is needed of an example to break it.

    Args:
        programs: those that a breakage may restart.
        edge: the program of the front door, which runs on a host of its own.
        server_name: the name in the front door's certificate.
        execute: runs a statement as superuser in the application's database, on whichever server is primary.
        databases: its two servers.
    """

    premises: Premises
    programs: Sequence[Program]
    edge: Program
    server_name: str
    execute: Callable[[str], object]
    databases: FailoverPair


@contextlib.contextmanager
def broken(site: BreakableExample, breakage: Breakage) -> Iterator[None]:
    """The running example with one thing wrong; sound again afterwards.

    Raises:
        ValueError: a file does not hold the text that is to be changed.
    """
    hosts = site.premises.driver.root / "hosts"
    files = {hosts / edit.file for edit in breakage.edits} | (set(_shown(site)) if breakage.expired else set())
    kept = {path: (path.read_text(), path.owner()) for path in files}
    away = _put_away(site, breakage)
    try:
        for edit in breakage.edits:
            _change(hosts / edit.file, edit)
        if breakage.expired:
            _expire(site)
        _take_up(site, breakage, undo=False)
        yield
    finally:
        for path, kept_at in away.items():
            kept_at.rename(path)
        for path, (text, owner) in kept.items():
            write_private(path, text, owner)
        _take_up(site, breakage, undo=True)


def on_each(hosts: Sequence[str], file: str, before: str, after: str) -> tuple[Edit, ...]:
    """The same change to a file of every one of these hosts, e.g. of whoever may be primary."""
    return tuple(Edit(f"{host}/{file}", before, after) for host in hosts)


def _put_away(site: BreakableExample, breakage: Breakage) -> dict[Path, Path]:
    """Where each file was, and where it is meanwhile.

    Raises:
        ValueError: a pattern matches nothing.
    """
    root, place = site.premises.driver.root, Path(tempfile.mkdtemp(dir=site.premises.driver.root))
    away: dict[Path, Path] = {}
    for pattern in breakage.missing:
        found = [path for path in root.glob(pattern) if path.is_file()]
        if not found:
            msg = f"{root} holds no {pattern}"
            raise ValueError(msg)
        away |= {path: place / f"{number}-{path.name}" for number, path in enumerate(found, len(away))}
    for path, kept_at in away.items():
        path.rename(kept_at)
    return away


def _change(path: Path, edit: Edit) -> None:
    text = path.read_text()
    if edit.before not in text:
        msg = f"{path} does not hold {edit.before!r}"
        raise ValueError(msg)
    write_private(path, text.replace(edit.before, edit.after), path.owner())


def _shown(site: BreakableExample) -> tuple[Path, Path]:
    pair = site.premises.pair(site.edge.host, "", site.server_name)
    return pair.certificate, pair.key


def _expire(site: BreakableExample) -> None:
    for path in _shown(site):
        path.unlink()
    host = site.edge.host
    names = (host.name, host.address, site.server_name)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    site.premises.authority.issue(host.name, host.directory / "tls", names=names, not_after=yesterday)


def _take_up(site: BreakableExample, breakage: Breakage, *, undo: bool) -> None:
    sql, settings = (breakage.undo, breakage.failover_undo) if undo else (breakage.sql, breakage.failover)
    ports = {} if undo else breakage.ports
    if sql:
        site.execute(sql)
    if breakage.reload:
        site.databases.reload()
    if settings:
        site.databases.configure(settings)
    if undo and (breakage.reload or settings):
        site.databases.follow()
    programs = {program.name: program for program in site.programs}
    for name in breakage.restart:
        programs[name].restart()
        probe = programs[name].ready
        if breakage.expired:
            probe = _listening(site.edge.host.address, https_port())
        elif name in ports:
            probe = _listening(programs[name].host.address, ports[name])
        wait_for(probe, what=f"{name} is ready", timeout_s=_RESTART_S)


def _listening(address: str, port: int) -> Callable[[], bool]:
    """Whether somebody takes connections there, whatever is said on them."""

    def probe() -> bool:
        socket.create_connection((address, port), timeout=1).close()
        return True

    return probe
