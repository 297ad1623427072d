"""``clinical-gate report``: verify, show, open and list signed reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from checks.policy import load_policy
from commands.approve import approve, say_signed_off
from commands.board import board_command
from commands.diff import diff
from commands.export import export
from commands.open_page import open_command
from commands.report_history import extends, history_command
from commands.report_timestamp import timestamp_command
from commands.trusted_key import TrustedKey, trusted_key
from loadtests.exit_codes import ExitCode
from reports.document import policy_text
from reports.head import read_head
from reports.history import HISTORY
from reports.keys import load_public
from reports.question import Expected
from reports.records import RunKind, utc
from reports.refusals import Refusal, VerificationError
from reports.render.terminal import print_summary
from reports.trust import KeyHolder, read_trust
from reports.verify import Verified, read_envelope, signer_of, verify

_DEFAULT = Path("build/gate/latest")
_folder = click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=_DEFAULT)
_key = click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PUB",
    help="The signer's public key (PEM) that you got from the signer, not from the report.",
)
_history = click.option(
    "--history",
    "history_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Which reports there are; must exist when given. Default: history.jsonl beside the report's folder.",
)


@dataclass(frozen=True)
class VerifyOptions:
    """What the command line asked for: the options of `verify`, by their names."""

    directory: Path
    key: Path | None
    history_file: Path | None
    trust_file: Path | None
    tsa: Path | None
    head: str
    kind: RunKind
    subject: str
    policy: str
    signoff: Path | None
    strict: bool
    as_json: bool


@click.group()
def report() -> None:
    """Signed reports: verify, show, open and list them.

    Exit codes: 0 holds, 1 does not hold, 2 usage, unreadable input or interrupted, 3 unknown.
    """


report.add_command(approve)
report.add_command(board_command)
report.add_command(diff)
report.add_command(export)
report.add_command(open_command)


@report.command(name="verify")
@_folder
@_key
@_history
@click.option("--kind", type=click.Choice(["gate", "drill"]), default="gate", show_default=True, help="Of the run.")
@click.option("--subject", default="", metavar="NAME", help="The target that it must be about.")
@click.option("--policy", default="", metavar="NAME", help="The policy that it must be judged by, or a .toml file.")
@click.option(
    "--signoff",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ask whether the board of this file has signed it off; key, target and policy are the file's.",
)
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Whose keys count, from when until when, and which have been revoked (TOML).",
)
@click.option(
    "--tsa",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PEM",
    help="Certificates of the time stamping authorities that are trusted; report.tsr must be of one.",
)
@click.option("--head", default="", metavar="HEAD", help="Of the history as it was: a file, or SIZE:ROOT.")
@click.option(
    "--strict", is_flag=True, help="What would be remarked makes it not hold: aborted runs, other folders, clocks."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify_command(**asked: Any) -> ExitCode:  # noqa: ANN401  click's own types
    """Verify that a report is exactly what was signed, about what is asked, and the newest on its target.

    DIRECTORY is a report's folder (default: build/gate/latest). Exit code 3 means that signature and files hold, but
    the key is not pinned by --key or --trust, or no signed history could say whether the report is the newest.
    Runs that were aborted before it, or published in other folders, are told; with --strict it does not hold then.

    \b
    Before a deployment:
      clinical-gate report verify --key signer.pub --subject "St. Jude" --policy st-jude.toml
      clinical-gate report verify --signoff board.toml
    Whether the history still begins as it did when its head was kept elsewhere:
      clinical-gate report verify --key signer.pub --head head.json
    """  # noqa: D301  click reads a real backspace
    options = VerifyOptions(**asked)
    if options.signoff is not None:
        return _signed_off(options)
    trust = trusted_key(options.directory, options.key, by_id=options.trust_file is not None)
    try:
        found, holder = _verified(options, trust)
    except VerificationError as problem:
        if options.as_json:
            click.echo(json.dumps({"holds": False, "reason": problem.refusal.value, "message": str(problem)}))
        else:
            click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}")
            _say_unpinned(trust)
        return ExitCode.DOES_NOT_HOLD
    if options.as_json:
        click.echo(json.dumps(_as_json(found, trust, holder)))
    else:
        _say_verified(found, trust, holder)
    return ExitCode.HOLDS if found.newest and trust.pinned else ExitCode.UNKNOWN


def _verified(options: VerifyOptions, trust: TrustedKey) -> tuple[Verified, KeyHolder | None]:
    folder, holder = options.directory.resolve(), None
    policy = policy_text(load_policy(options.policy)) if options.policy else b""
    if options.trust_file:
        holder = read_trust(options.trust_file).holder(signer_of(read_envelope(folder)))
    found = verify(
        folder,
        load_public(trust.key),
        expected=Expected(options.kind, options.subject, policy),
        history_file=options.history_file,
        head=read_head(options.head) if options.head else None,
    )
    if options.tsa:
        from reports.timestamp import with_attested_time  # noqa: PLC0415  its library is read where it is asked for

        found = with_attested_time(found, folder, options.tsa)
    if holder:
        holder.demand_trusted(found, options.history_file or folder.parent / HISTORY)
    if options.strict and found.remarks:
        raise VerificationError(Refusal.REMARKED, " ".join(found.remarks))
    return found, holder


def _as_json(found: Verified, trust: TrustedKey, holder: KeyHolder | None) -> dict[str, object]:
    claim, subject = found.statement.predicate, found.statement.subject[0]
    return {
        "holds": True,
        "newest": found.newest,
        "kind": claim.kind,
        "key_pinned": trust.pinned,
        "keyid": found.keyid,
        "signer": {"owner": holder.owner, "role": holder.role} if holder else None,
        "decision": claim.decision,
        "score": claim.score,
        "run_id": claim.run_id,
        "sequence": claim.sequence,
        "attested": found.attested.isoformat() if found.attested else None,
        "earlier": [run.model_dump(mode="json") for run in found.standing.earlier],
        "remarks": found.remarks,
        "subject": {"name": subject.name, "sha256": found.statement.subject_digest},
    }


@report.command()
@_folder
@_key
@_history
def show(directory: Path, key: Path | None, history_file: Path | None) -> ExitCode:
    """Print the summary of a report, after verifying it."""
    trust = trusted_key(directory, key)
    try:
        found = verify(directory, load_public(trust.key), history_file=history_file)
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    command = f"clinical-gate report verify {directory} --key {key or 'PUB'}"
    print_summary(found.document, folder=directory, verify_command=command, trust=found.sentence(pinned=trust.pinned))
    return ExitCode.UNKNOWN if found.newest is None else ExitCode.HOLDS


def _signed_off(options: VerifyOptions) -> ExitCode:
    if options.signoff is None or options.key or options.trust_file or options.subject or options.policy:
        msg = "--signoff says whose key, which target and which policy: leave --key, --trust, --subject, --policy out"
        raise click.UsageError(msg)
    return say_signed_off(options.directory, options.signoff, options.history_file, as_json=options.as_json)


def _say_verified(found: Verified, trust: TrustedKey, holder: KeyHolder | None) -> None:
    claim = found.statement.predicate
    if not found.newest:
        click.echo("UNKNOWN whether it is the newest report; signature and files hold")
    else:
        click.echo("HOLDS" if trust.pinned else "UNKNOWN whose key it is; signature and files hold")
    subject = found.statement.subject[0].name
    click.echo(f"{claim.kind} of {subject}: {claim.decision.value}, score {claim.score:.1f}, run {claim.run_id}")
    click.echo(found.sentence(pinned=trust.pinned))
    if holder:
        click.echo(f"The key is that of {holder.name}.")
    if found.attested:
        click.echo(f"A time stamping authority attests that it was there at {utc(found.attested)}.")
    if found.newest is None:
        click.echo("There is no signed history beside the report: give one with --history FILE.")
    _say_unpinned(trust)


def _say_unpinned(trust: TrustedKey) -> None:
    if not trust.pinned:
        click.echo(
            f"The key is not pinned: it was taken from {trust.key}, where whoever altered the report could have put "
            "another. Get the signer's public key from the signer and give it with --key PUB."
        )


report.add_command(history_command)
report.add_command(extends)
report.add_command(timestamp_command)
