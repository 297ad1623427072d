"""Whether a report is about what is asked: the kind of run, the target, the policy."""

from __future__ import annotations

from dataclasses import dataclass

from reports.files import sha256
from reports.records import RunKind
from reports.refusals import Refusal, VerificationError
from reports.signed_policy import differences
from reports.statement import Statement


@dataclass(frozen=True)
class Expected:
    """What a report must be about to answer a question; what is left out is not asked.

    Args:
        kind: of the run.
        subject: the target's name.
        system_id: of the system, by which the target file names it for good.
        policy: `document.policy_text` of the policy.
    """

    kind: RunKind | None = None
    subject: str = ""
    policy: bytes = b""
    system_id: str = ""


def demand_answer(statement: Statement, expected: Expected, policy: bytes) -> None:
    """Refuse a report that is about something else: its approval answers nothing.

    Args:
        policy: what policy.json holds; empty where the report has none.

    Raises:
        VerificationError: OTHER_KIND, OTHER_SUBJECT, OTHER_SYSTEM or OTHER_POLICY.
    """
    claim, name = statement.predicate, statement.subject[0].name
    if expected.kind not in (None, claim.kind):
        msg = f"Run {claim.run_id} was a {claim.kind}, not a {expected.kind}."
        raise VerificationError(Refusal.OTHER_KIND, msg)
    if expected.subject not in ("", name):
        shown = name if name.isascii() else f"{name} ({name.encode('unicode_escape').decode()})"
        msg = f"The report is about {shown}, not about {expected.subject}."
        raise VerificationError(Refusal.OTHER_SUBJECT, msg)
    if expected.system_id not in ("", claim.system_id):
        known = f"about the system {claim.system_id}" if claim.system_id else "of a target file without a system_id"
        msg = f"The report is {known}, not about the system {expected.system_id}."
        raise VerificationError(Refusal.OTHER_SYSTEM, msg)
    asked = sha256(expected.policy)
    if expected.policy and asked != claim.policy.digest:
        differing = f": {differences(policy, expected.policy)}" if policy else ""
        msg = (
            f"It was judged by the policy {claim.policy.name} with the digest {claim.policy.digest[:12]}, and the one"
            f" asked for has {asked[:12]}{differing}."
        )
        raise VerificationError(Refusal.OTHER_POLICY, msg)
