"""Render a verified report as one HTML file that asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from checks.model import Status
from checks.policy import Policy
from reports.document import ReportDocument
from reports.records import CheckRecord, Verdict, utc
from reports.render.board.limits import SHEETS, SheetLimits
from reports.render.board.measures import measures
from reports.render.board.since import SinceApproval
from reports.render.sent import sent_sentence
from reports.signoff.approval import Approval
from reports.verify import Verified

_HERE = Path(__file__).parent
_STATUSES = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.WAIVED, Status.NOT_APPLICABLE)
_SHOWN = 8  # open points before the rest is folded: the decision and they are to be seen at once
_LINES = 5  # of signatures, where nobody has signed yet


@dataclass(frozen=True)
class OpenPoint:
    """Something that keeps the decision from being an approval, what it concerns, and what mends it.

    ``subjects`` are checks, controls or gates of which the same is said; ``controls`` what they stand for.
    """

    cause: str
    message: str
    subjects: tuple[str, ...]
    controls: tuple[str, ...]
    critical: bool
    remedy: str


@dataclass(frozen=True)
class Unexamined:
    """Why some checks say nothing of the deployment, and which."""

    reason: str
    checks: tuple[str, ...]


def board_page(
    found: Verified,
    *,
    policy: Policy | None,
    approvals: Sequence[Approval],
    since: SinceApproval | None = None,
    limits: SheetLimits = SHEETS[0],
) -> str:
    """The page of a report that was verified by its signer's own key.

    Args:
        policy: what it was judged by, for the limits; None leaves the pictures out.
        approvals: what roles of a board have signed.
        since: what changed since the last approval, or another older report; None where there is none.
        limits: how much of it is printed.
    """
    document = found.document
    style = (_HERE / "board.css").read_text()
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("board.html.j2").render(
        style=Markup(style),  # noqa: S704  our own file; what a report says is escaped
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        document=document,
        identity=document.identity,
        ended=utc(document.identity.ended),
        minutes=round(document.identity.seconds / 60),
        number=found.statement.predicate.sequence,
        trust=found.sentence(pinned=True),
        digest=found.digest,
        points=open_points(document),
        shown=_SHOWN,
        unexamined=unexamined(document),
        measures=sorted(measures(document, policy), key=lambda each: each.holds) if policy else (),
        since=since,
        limits=limits,
        statuses=_STATUSES,
        looked=sum(check.status in (Status.PASS, Status.FAIL, Status.WAIVED) for check in document.checks),
        violations=sum(proof.proven for proof in document.selfproof),
        applicable=sum(check.status is not Status.NOT_APPLICABLE for check in document.checks),
        required=[control for control in document.controls if control.required],
        waivers=sorted((w for w in document.waivers if w.in_force), key=lambda w: (w.expires or date.max, w.check)),
        sent=sent_sentence(document.sent) if document.sent else "",
        approvals=approvals,
        blank_lines=max(_LINES - len(approvals), 0),
        approved=document.decision is Verdict.APPROVED,
        facts=document.identity.observed,
        unseen=sum(bool(fact.unseen) for fact in document.identity.observed),
        utc=utc,
    )


def open_points(document: ReportDocument) -> tuple[OpenPoint, ...]:
    """The shortest list of what would turn the decision green: the critical first, and what one thing mends once."""
    checks = {check.id: check for check in document.checks}
    found: dict[tuple[bool, str, str, str], list[str]] = {}
    for critical, grounds in ((True, document.rejections), (False, document.conditions)):
        for ground in grounds:
            same = (critical, ground.cause.value, ground.message, _remedy(checks.get(ground.subject)))
            found.setdefault(same, []).append(ground.subject)
    return tuple(
        OpenPoint(
            cause,
            message,
            tuple(subjects),
            tuple(sorted({control for s in subjects if s in checks for control in checks[s].controls})),
            critical,
            remedy,
        )
        for (critical, cause, message, remedy), subjects in found.items()
    )


def unexamined(document: ReportDocument) -> tuple[Unexamined, ...]:
    """What was not looked at, by reason, the most checks first."""
    reasons: dict[str, list[str]] = {}
    for check in document.checks:
        if check.status is Status.NOT_APPLICABLE:
            reasons.setdefault(check.explanation, []).append(check.id)
        elif check.status is Status.UNKNOWN:
            why = f"unknown: {check.explanation or check.reason or 'nobody knows why'}"
            reasons.setdefault(why, []).append(check.id)
    listed = [Unexamined(reason, tuple(names)) for reason, names in reasons.items()]
    return tuple(sorted(listed, key=lambda each: -len(each.checks)))


def _remedy(check: CheckRecord | None) -> str:
    if check is None or not check.broken:
        return ""
    return check.broken[0].remedy
