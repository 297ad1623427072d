"""Whose signature counts: the options ``--key`` and ``--trust``, and what the commands of a report make of them.

A public key that is given, or an id in a trust file, pins the signer. A key that was found beside the report does not:
whoever altered the one could have put the other there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from loadtests.exit_codes import ExitCode
from reports.earlier import EarlierReport, earlier_reports
from reports.history import HISTORY
from reports.keys import PUBLIC, SigningKeyError, load_public
from reports.refusals import Refusal, UnreadableError, VerificationError
from reports.trust import KeyHolder, read_trust
from reports.verify import Verified, read_envelope, signer_of

_FILE = click.Path(path_type=Path, dir_okay=False)
# Resolved once: while a report is read, `latest` may be pointed to another one.
REPORT_FOLDER = click.Path(path_type=Path, file_okay=False, resolve_path=True)
folder_argument = click.argument("directory", type=REPORT_FOLDER, default=Path("build/gate/latest"))
key_option = click.option(
    "--key",
    type=_FILE,
    metavar="PUB",
    help="The signer's public key (PEM) that you got from the signer, not from the report.",
)
trust_option = click.option(
    "--trust",
    "trust_file",
    type=_FILE,
    metavar="FILE",
    help="Whose keys count, from when until when, and which have been revoked (TOML).",
)
history_option = click.option(
    "--history",
    "history_file",
    type=_FILE,
    metavar="FILE",
    help="Which reports there are; must exist when given. Default: history.jsonl beside the report's folder.",
)


@dataclass(frozen=True)
class PublicKeyFile:
    """The key to verify with: where it is, and whether it came from the signer."""

    path: Path
    pinned: bool


@dataclass(frozen=True)
class SignerOptions:
    """What ``--key`` and ``--trust`` were given."""

    key: Path | None
    trust_file: Path | None = None

    def demand_pinned(self, *others: str) -> None:
        """Refuse a command line that says nothing of the signer.

        Args:
            others: what else would say it, e.g. ``--signoff FILE``.

        Raises:
            click.UsageError: neither is given.
        """
        if self.key is None and self.trust_file is None:
            ways = ["--key PUB", "--trust FILE", *others]
            msg = f"say whose report it is with {', '.join(ways[:-1])} or {ways[-1]}"
            raise click.UsageError(msg)

    def public_key(self, directory: Path) -> PublicKeyFile:
        """The public key for a report; where a trust file knows the signer by its id, it may lie beside the report.

        Raises:
            UnreadableError: there is no report, or no key.
        """
        if self.key:
            return PublicKeyFile(self.key, pinned=True)
        folder = directory.resolve()
        if not folder.is_dir():
            msg = f"there is no folder {directory}; run the gate first, or give the folder of a report"
            raise UnreadableError(msg)
        own = folder.parent.parent / "keys" / PUBLIC
        candidates = [path for path in (own, folder / PUBLIC) if path.exists()]
        if self.trust_file:
            fitting = (path for path in candidates if _is_signers(path, folder))
            return PublicKeyFile(next(fitting, folder / PUBLIC), pinned=True)
        if candidates:
            return PublicKeyFile(candidates[0], pinned=False)
        msg = f"there is no public key for {directory}: give the signer's with --key PUB"
        raise UnreadableError(msg)

    def verified(
        self, directory: Path, how: Callable[[SSlibKey], Verified], history_file: Path | None = None
    ) -> tuple[Verified, KeyHolder | None]:
        """Verify a report, and that its key counted when it was signed.

        Args:
            how: verifies it with a key.
            history_file: where it stands; the default is the history beside its folder.

        Raises:
            VerificationError: it does not hold.
            SigningKeyError, UnreadableError: a key, the trust file or the report cannot be read.
        """
        folder, holder = directory.resolve(), None
        if self.trust_file:
            holder = read_trust(self.trust_file).holder(signer_of(read_envelope(folder)))
        found = how(load_public(self.public_key(folder).path))
        if holder:
            _demand_same_key(holder.id, found)
            holder.demand_trusted(found, history_file or folder.parent / HISTORY)
        return found, holder

    def earlier(self, directory: Path, found: Verified, history_file: Path | None) -> tuple[EarlierReport, ...]:
        """The reports before one that hold by the same key, and were signed while it counted; oldest first.

        Raises:
            VerificationError: the key is another one by now.
            SigningKeyError, UnreadableError: as `verified`.
        """
        key = load_public(self.public_key(directory).path)
        _demand_same_key(key.keyid, found)
        before = earlier_reports(directory, found, key, history_file=history_file)
        if not self.trust_file:
            return before
        holder = read_trust(self.trust_file).holder(found.keyid)
        history = history_file or directory.resolve().parent / HISTORY
        return tuple(report for report in before if _counted(holder, report.found, history))


def _demand_same_key(keyid: str, found: Verified) -> None:
    if keyid != found.keyid:
        msg = f"The report is signed with the key {found.keyid[:16]}, and was held against {keyid[:16]}."
        raise VerificationError(Refusal.WRONG_KEY, msg)


def told_newest(found: Verified) -> ExitCode:
    """How a command ends that has read a report which holds; that nobody knows it to be the newest is said."""
    if found.newest:
        return ExitCode.HOLDS
    click.echo("UNKNOWN whether it is the newest report: no signed history says so; give one with --history", err=True)
    return ExitCode.UNKNOWN


def _counted(holder: KeyHolder, found: Verified, history: Path) -> bool:
    try:
        holder.demand_trusted(found, history)
    except VerificationError:
        return False
    return True


def _is_signers(public: Path, folder: Path) -> bool:
    try:
        return bool(load_public(public).keyid == signer_of(read_envelope(folder)))
    except (SigningKeyError, VerificationError):
        return False
