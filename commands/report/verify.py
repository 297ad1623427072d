"""``clinical-gate report verify``: whether a report is what was signed, about what is asked, and the newest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # it re-exports without __all__

from checks.policy import load_policy
from commands.report.approve import say_signed_off
from commands.report.signer import (
    PublicKeyFile,
    SignerOptions,
    folder_argument,
    history_option,
    key_option,
    trust_option,
)
from loadtests.exit_codes import ExitCode
from reports.document import policy_text
from reports.head import read_head
from reports.question import Expected
from reports.records import RunKind, utc
from reports.refusals import Refusal, VerificationError
from reports.trust import KeyHolder
from reports.verify import Verified, verify


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
    system_id: str
    policy: str
    signoff: Path | None
    strict: bool
    as_json: bool

    @property
    def signer(self) -> SignerOptions:
        """Whose signature counts."""
        return SignerOptions(self.key, self.trust_file)

    @property
    def besides_signoff(self) -> tuple[str, ...]:
        """The options given that a sign-off does not ask, and which must not be taken for asked."""
        given = click.get_current_context().get_parameter_source("kind") is not ParameterSource.DEFAULT
        asked = {
            "--key": self.key,
            "--trust": self.trust_file,
            "--kind": given,
            "--subject": self.subject,
            "--system-id": self.system_id,
            "--policy": self.policy,
            "--tsa": self.tsa,
            "--head": self.head,
            "--strict": self.strict,
        }
        return tuple(option for option, value in asked.items() if value)


@click.command(name="verify")
@folder_argument
@key_option
@trust_option
@history_option
@click.option("--kind", type=click.Choice(["gate", "drill"]), default="gate", show_default=True, help="Of the run.")
@click.option("--subject", default="", metavar="NAME", help="The target that it must be about.")
@click.option("--system-id", default="", metavar="ID", help="The system_id of its target file that it must have.")
@click.option("--policy", default="", metavar="NAME", help="The policy that it must be judged by, or a .toml file.")
@click.option(
    "--signoff",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ask whether the board of this file has signed it off; key, kind, target and policy are the file's.",
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
        if besides := options.besides_signoff:
            msg = f"--signoff FILE says whose key it is and what is asked: leave {', '.join(besides)} out"
            raise click.UsageError(msg)
        return say_signed_off(options.directory, options.signoff, options.history_file, as_json=options.as_json)
    trust = options.signer.public_key(options.directory)
    try:
        found, holder = _verified(options)
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


def _verified(options: VerifyOptions) -> tuple[Verified, KeyHolder | None]:
    policy = policy_text(load_policy(options.policy)) if options.policy else b""
    folder = options.directory.resolve()

    def how(key: SSlibKey) -> Verified:
        found = verify(
            folder,
            key,
            expected=Expected(options.kind, options.subject, policy, options.system_id),
            history_file=options.history_file,
            head=read_head(options.head) if options.head else None,
        )
        if not options.tsa:
            return found
        from reports.timestamp import with_attested_time  # noqa: PLC0415  its library is read where it is asked for

        return with_attested_time(found, folder, options.tsa)

    found, holder = options.signer.verified(options.directory, how, options.history_file)
    if options.strict and found.remarks:
        raise VerificationError(Refusal.REMARKED, " ".join(found.remarks))
    return found, holder


def _as_json(found: Verified, trust: PublicKeyFile, holder: KeyHolder | None) -> dict[str, object]:
    claim, subject = found.statement.predicate, found.statement.subject[0]
    return {
        "holds": True,
        "newest": found.newest,
        "kind": claim.kind,
        "key_pinned": trust.pinned,
        "keyid": found.keyid,
        "signed_by": found.document.signer,
        "proves": "integrity and signer" if found.proves_signer and trust.pinned else "integrity only",
        "signer": {"owner": holder.owner, "role": holder.role} if holder else None,
        "decision": claim.decision,
        "score": claim.score,
        "run_id": claim.run_id,
        "sequence": claim.sequence,
        "attested": found.attested.isoformat() if found.attested else None,
        "earlier": [run.model_dump(mode="json") for run in found.standing.earlier],
        "remarks": found.remarks,
        "subject": {"name": subject.name, "sha256": found.statement.subject_digest},
        "system_id": claim.system_id,
    }


def _say_verified(found: Verified, trust: PublicKeyFile, holder: KeyHolder | None) -> None:
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


def _say_unpinned(trust: PublicKeyFile) -> None:
    if not trust.pinned:
        click.echo(
            f"The key is not pinned: it was taken from {trust.path}, where whoever altered the report could have put "
            "another. Get the signer's public key from the signer and give it with --key PUB."
        )
