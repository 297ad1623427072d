"""Ways to break a running example, and back: what somebody would do by hand, so that the gate must notice it.

    with broken(site, BREAKAGES[0]):
        ...   # gate it: not APPROVED, and BREAKAGES[0].check says why

A breakage changes lines of files and restarts their programs, runs a statement, or lets a certificate expire.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID

from examples.common.program import Premises
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
        check: id of the check that must fail.
        restart: names of the programs that take the edits up.
        sql: run as superuser in the application's database, after the edits; ``undo`` takes it back.
        expired: a certificate whose time is over, below ``hosts`` and without its suffix.
    """

    name: str
    check: str
    edits: tuple[Edit, ...] = ()
    restart: tuple[str, ...] = ()
    sql: str = ""
    undo: str = ""
    expired: str = ""


class Restartable(Protocol):
    """A program that takes up its files when it is started again."""

    name: str

    def restart(self) -> None:
        """Stop it, and start it on its files as they are."""
        ...

    def ready(self) -> bool:
        """See `fixtures.services.Service.ready`."""
        ...


class BreakableSite(Protocol):
    """An example that runs."""

    premises: Premises
    programs: Sequence[Restartable]

    def run_sql(self, statement: str) -> None:
        """Run a statement as superuser in the application's database, on the primary."""
        ...


@contextlib.contextmanager
def broken(site: BreakableSite, breakage: Breakage) -> Iterator[None]:
    """The running example with one thing wrong; sound again afterwards.

    Raises:
        ValueError: a file does not hold the text that is to be changed.
    """
    hosts = site.premises.driver.root / "hosts"
    pair = {hosts / f"{breakage.expired}.{kind}" for kind in ("crt", "key")} if breakage.expired else set()
    files = {hosts / edit.file for edit in breakage.edits} | pair
    kept = {path: (path.read_text(), path.owner()) for path in files}
    try:
        for edit in breakage.edits:
            _change(hosts / edit.file, edit)
        if breakage.expired:
            _expire(site.premises, hosts / f"{breakage.expired}.crt")
        _take_up(site, breakage, breakage.sql)
        yield
    finally:
        for path, (text, owner) in kept.items():
            write_private(path, text, owner)
        _take_up(site, breakage, breakage.undo)


def _change(path: Path, edit: Edit) -> None:
    text = path.read_text()
    if edit.before not in text:
        msg = f"{path} does not hold {edit.before!r}"
        raise ValueError(msg)
    write_private(path, text.replace(edit.before, edit.after), path.owner())


def _expire(premises: Premises, path: Path) -> None:
    """Issue a certificate anew, with its names, as of a time that is over."""
    shown, owner = x509.load_pem_x509_certificate(path.read_bytes()), path.with_suffix(".key").owner()
    alternatives = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    name = str(shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    for part in (path, path.with_suffix(".key")):
        part.unlink()
    premises.authority.issue(
        name,
        path.parent,
        names=tuple(str(alternative.value) for alternative in alternatives),
        owner=owner,
        not_after=datetime.now(UTC) - timedelta(days=1),
    )


def _take_up(site: BreakableSite, breakage: Breakage, sql: str) -> None:
    if sql:
        site.run_sql(sql)
    for name in breakage.restart:
        program = next(program for program in site.programs if program.name == name)
        program.restart()
        wait_for(partial(_answers, program), what=f"{name} is ready", timeout_s=_RESTART_S)


def _answers(program: Restartable) -> bool:
    try:
        return program.ready()
    except ssl.SSLCertVerificationError:  # it is there, and shows what nobody believes
        return True
