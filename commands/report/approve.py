"""``clinical-gate report approve`` and ``report verify --signoff``: the board's part of a release."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.report.signer import folder_argument
from loadtests.exit_codes import ExitCode
from reports.document import ReportDocument
from reports.files import sha256
from reports.records import Verdict
from reports.refusals import VerificationError
from reports.signers.opening import FORMS, open_signer, signer_kind
from reports.signoff.approval import ApprovalClaim, write_approval
from reports.signoff.board import load_board
from reports.signoff.judge import approvals_of, verify_open, verify_signed_off
from reports.verify import INTEGRITY_ONLY

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@folder_argument
@click.option("--signoff", type=_file, required=True, metavar="FILE", help="Who signs off what (TOML).")
@click.option("--role", required=True, metavar="NAME", help="A role of that file.")
@click.option("--key", "signing_key", required=True, metavar="KEY", help=f"The role's: {FORMS}.")
@click.option("--history", "history_file", type=_file, metavar="FILE", help="As for verify.")
@click.option("--reject", is_flag=True, help="Sign a rejection; it outweighs every approval of this report.")
@click.option("--comment", default="", metavar="TEXT", help="Signed with it; a rejection needs one.")
@click.option("--accept", multiple=True, metavar="CHECK", help="A condition that the role answers for; repeatable.")
def approve(
    directory: Path,
    signoff: Path,
    role: str,
    signing_key: str,
    history_file: Path | None,
    comment: str,
    accept: tuple[str, ...],
    *,
    reject: bool,
) -> ExitCode:
    """Sign, for one role of the board, exactly this report.

    The report is verified first: its signer, target, policy, kind and age are those of the sign-off file, and it is the
    newest. A conditional report asks for each condition; a rejected one can only be rejected. At a terminal it asks
    before it signs.

    \b
      clinical-gate report approve --signoff board.toml --role security --key security.ed25519
      clinical-gate report verify --signoff board.toml
    """  # noqa: D301  click reads a real backspace
    board, signer, now = load_board(signoff), open_signer(signing_key), datetime.now(UTC)
    if board.roles.get(role) is None:
        msg = f"{signoff} has no role '{role}', but {', '.join(sorted(board.roles))}"
        raise click.BadParameter(msg, param_hint="--role")
    if board.roles[role].keyid != signer.public_key.keyid:
        msg = f"{_named(signing_key)} is not the key that {signoff} gives to {role}"
        raise click.BadParameter(msg, param_hint="--key")
    try:
        found = verify_open(directory, board, now=now, history_file=history_file)
        others = approvals_of(directory, found, board, now=now)
    except VerificationError as problem:
        click.echo(f"DOES NOT HOLD: {problem.refusal.value}. {problem}", err=True)
        return ExitCode.DOES_NOT_HOLD
    said = [other for other in others if other.claim.role == role]
    if said and (said[-1].claim.approves != reject or not said[-1].claim.approves):
        msg = f"{role} has {'approved' if said[-1].claim.approves else 'rejected'} this report already"
        raise click.UsageError(msg)
    if reject and not comment.strip():
        msg = "say with --comment why it is rejected"
        raise click.UsageError(msg)
    document = found.document
    _show(document, [(other.claim.role, other.claim.approves) for other in others])
    accepted = () if reject else _accepted(document, accept)
    if sys.stdin.isatty():
        _confirm(f"Sign this {'rejection' if reject else 'approval'} for {role}?")
    claim = ApprovalClaim(
        role=role,
        approves=not reject,
        comment=comment,
        accepts=accepted,
        at=now,
        run_id=document.identity.run_id,
        kind=document.identity.kind,
        target=document.identity.name,
        seen=tuple(sorted(other.digest for other in others)),
    )
    path = write_approval(directory.resolve(), found, claim, signer)
    click.echo(f"{role} {'rejects' if reject else 'approves'} run {document.identity.run_id}: {path}")
    click.echo(f"sha256 {sha256(path.read_bytes())}")
    return ExitCode.HOLDS


def say_signed_off(directory: Path, signoff: Path, history_file: Path | None, *, as_json: bool) -> ExitCode:
    """Print whether the board has signed a report off."""
    board = load_board(signoff)
    try:
        done = verify_signed_off(directory, board, now=datetime.now(UTC), history_file=history_file)
    except VerificationError as problem:
        if as_json:
            click.echo(json.dumps({"signed_off": False, "reason": problem.refusal.value, "message": str(problem)}))
        else:
            click.echo(f"NOT SIGNED OFF: {problem.refusal.value}. {problem}")
        return ExitCode.DOES_NOT_HOLD
    claim = done.report.statement.predicate
    roles = [approval.claim.role for approval in done.approvals]
    if as_json:
        signed = {"signed_off": True, "decision": claim.decision, "run_id": claim.run_id, "roles": roles}
        click.echo(json.dumps(signed))
        return ExitCode.HOLDS
    click.echo(f"SIGNED OFF by {', '.join(roles)} ({len(roles)} of {len(board.roles)} roles, {board.least} needed)")
    click.echo(f"{claim.kind} of {board.expected.subject}: {claim.decision.value}, run {claim.run_id}")
    if not done.report.proves_signer:
        click.echo(INTEGRITY_ONLY)
    for approval in done.approvals:
        if approval.claim.comment:
            click.echo(f"{approval.claim.role}: {approval.claim.comment}")
    return ExitCode.HOLDS


def _show(document: ReportDocument, others: Sequence[tuple[str, bool]]) -> None:
    identity = document.identity
    click.echo(f"{identity.kind} of {identity.name}, policy {identity.policy}, run {identity.run_id}")
    click.echo(f"{document.decision.value}, score {document.score:.1f} of 100, {document.proven} checks proven")
    for ground in (*document.rejections, *document.conditions):
        click.echo(f"  {ground.subject}: {ground.cause.value}. {ground.message}")
    for waiver in document.waivers:
        if waiver.in_force:
            click.echo(f"  waived until {waiver.expires} by {waiver.owner}: {waiver.check}. {waiver.justification}")
    for role, approves in others:
        click.echo(f"  {role} {'approves' if approves else 'REJECTS'} it")


def _accepted(document: ReportDocument, given: Sequence[str]) -> tuple[str, ...]:
    if document.decision is Verdict.REJECTED:
        msg = f"run {document.identity.run_id} is {Verdict.REJECTED.value}: only a rejection can be signed (--reject)"
        raise click.UsageError(msg)
    conditions = [condition.subject for condition in document.conditions]
    if strange := sorted(set(given) - set(conditions)):
        msg = f"{strange[0]} is no condition of this report"
        raise click.BadParameter(msg, param_hint="--accept")
    for condition in conditions:
        if condition in given:
            continue
        if not sys.stdin.isatty():
            msg = f"the report has a condition on {condition}: whoever approves answers for it with --accept"
            raise click.UsageError(msg)
        _confirm(f"Answer for the condition on {condition}?")
    return tuple(sorted(conditions))


def _named(signing_key: str) -> str:
    kind = signer_kind(signing_key)
    return signing_key if kind == "key file" else f"the key of the {kind}"


def _confirm(question: str) -> None:
    if not click.confirm(question):
        msg = "nothing was signed"
        raise click.UsageError(msg)
