"""The closing summary: gates, decision, what failed and what to do about it, figures, and where the report lies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from checks.model import Status
from reports.document import RESULTS, ReportDocument
from reports.figures import PrivacyRecord
from reports.harness import HarnessRecord
from reports.records import CheckRecord, ControlRecord, DecisionCause, Identity, Verdict, utc
from reports.render.drills import drill_lines, drill_table
from reports.render.load.lines import load_lines
from reports.render.sent import sent_sentence
from reports.sign import ENVELOPE

_STYLES = {
    Status.PASS: "green",
    Status.FAIL: "bold red",
    Status.UNKNOWN: "bold yellow",
    Status.WAIVED: "yellow",
    Status.NOT_APPLICABLE: "dim",
}
_BANNERS = {Verdict.APPROVED: "bold green", Verdict.CONDITIONAL: "bold yellow", Verdict.REJECTED: "bold red"}
_COLUMNS = (
    (Status.PASS, "Pass"),
    (Status.FAIL, "Fail"),
    (Status.UNKNOWN, "Unknown"),
    (Status.WAIVED, "Waived"),
    (Status.NOT_APPLICABLE, "N/A"),
)
# These speak of a check that the sections below the banner show in full.
_ABOUT_A_CHECK = (DecisionCause.CRITICAL_FAIL, DecisionCause.CRITICAL_UNKNOWN)
_SHOWN_FINDINGS = 5


def print_summary(
    document: ReportDocument, *, folder: Path, verify_command: str, trust: str = "", console: Console | None = None
) -> None:
    """Print the closing summary of a run.

    Args:
        document: what was found and decided.
        folder: where the report lies.
        verify_command: what anybody types to verify it.
        trust: one sentence on what has been verified.
        console: where to; default is stdout.
    """
    (console or Console(highlight=False)).print(summary(document, folder, verify_command, trust))


def summary(document: ReportDocument, folder: Path, verify_command: str, trust: str = "") -> RenderableType:
    """The closing summary, for any width from 80 columns and for terminals without colour."""
    identity = document.identity
    minutes, seconds = divmod(round(identity.seconds), 60)
    head = Text(f"Target {identity.name} ({identity.digest[:12]}), policy {identity.policy}, run {identity.run_id}\n")
    head.append(f"{utc(identity.started)}, {minutes} min {seconds} s, clinical-gate {identity.harness_version}")
    rule, gap = Rule("Clinical gate", style="dim"), Text()
    parts: list[RenderableType] = [gap, rule, head, gap, _gates(document), gap, _banner(document)]
    controls = {control.id: control for control in document.controls}
    for title, status in (("Failed", Status.FAIL), ("Unknown", Status.UNKNOWN), ("Waived", Status.WAIVED)):
        concerned = [check for check in document.checks if check.status is status]
        if concerned:
            parts += [Text(), _title(title, len(concerned))]
            parts += [_check(check, controls) for check in concerned]
    partly = [check for check in document.checks if check.status is Status.PASS and check.explanation]
    if document.drills:
        parts += [Text(), drill_table(document.drills)]
    for title, lines in (
        ("Passed, but looked at in part", [f"{check.id}: {check.explanation}" for check in partly]),
        ("What was broken", list(drill_lines(document.drills))),
        ("Load", [line for load in document.load for line in load_lines(load)]),
        ("Privacy, per query", list(_privacy(document.privacy))),
    ):
        if lines:
            parts += [Text(), Text(title, style="bold"), *(Padding(Text(line), (0, 0, 0, 2)) for line in lines)]
    parts += [Text(), _closing(document, folder, verify_command, trust)]
    return Group(*parts)


def _title(title: str, count: int) -> Text:
    return Text(f"{title} ({count})", style="bold")


def _gates(document: ReportDocument) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    table.add_column("Gate", "all", no_wrap=True)
    table.add_column("Score", f"{document.score:.1f}", justify="right", no_wrap=True)
    for status, title in _COLUMNS:
        total = sum(check.status is status for check in document.checks)
        table.add_column(title, str(total), justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for gate in document.gates:
        counts = [
            Text(str(gate.counts.get(status, 0)), style=_STYLES[status] if gate.counts.get(status) else "dim")
            for status, _ in _COLUMNS
        ]
        score = "-" if gate.score is None else f"{gate.score:.1f}"
        table.add_row(gate.gate.value, score, *counts, Text(gate.status.value.replace("_", " "), _STYLES[gate.status]))
    return table


def _banner(document: ReportDocument) -> Panel:
    style = _BANNERS[document.decision]
    text = Text(f"{document.decision.value}   score {document.score:.1f} of 100", style=style)
    text.append(f"\n{_grounds(document)}", style="default")
    for ground in document.rejections:
        if ground.cause not in _ABOUT_A_CHECK:
            text.append(f"\n{ground.subject}: {ground.message}", style="default")
    return Panel(text, box=box.HEAVY, border_style=style, padding=(0, 1))


def _grounds(document: ReportDocument) -> str:
    if document.decision is Verdict.APPROVED:
        counted = sum(check.status is Status.PASS for check in document.checks)
        return f"All {counted} checks that apply hold, and each was proven able to fail in this run."
    if document.decision is Verdict.CONDITIONAL:
        number = len(document.conditions)
        return f"No critical check failed. {number} condition{'s' * (number != 1)} below must be met or answered for."
    causes = dict.fromkeys(ground.cause for ground in document.rejections)
    grounds = "; ".join(f"{cause} ({sum(p.cause is cause for p in document.rejections)})" for cause in causes)
    return f"{grounds[0].upper()}{grounds[1:]}."


def _check(check: CheckRecord, controls: dict[str, ControlRecord]) -> RenderableType:
    status = (f"{check.status.value} ", _STYLES[check.status])
    head = Text.assemble(status, (check.id, "bold"), f"  {check.severity.value}")
    rows: list[tuple[str, str]] = [("claim", check.claim)]
    rows += [("control", _control(identity, controls)) for identity in check.controls]
    if check.explanation:
        rows.append(("why", f"{check.reason}: {check.explanation}" if check.reason else check.explanation))
    for remedy, findings in itertools.groupby(check.broken[:_SHOWN_FINDINGS], key=lambda finding: finding.remedy):
        rows += [("seen", f"{finding.subject}: {finding.message}") for finding in findings]
        rows.append(("remedy", remedy))
    if len(check.broken) > _SHOWN_FINDINGS:
        rows.append(("", f"and {len(check.broken) - _SHOWN_FINDINGS} more, all in {RESULTS}"))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=7, style="dim")
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(label, Text(value))
    return Group(head, Padding(grid, (0, 0, 1, 2)))


def _control(identity: str, controls: dict[str, ControlRecord]) -> str:
    control = controls.get(identity)
    return f"{identity}, {control.title}" if control else identity


def _privacy(records: tuple[PrivacyRecord, ...]) -> Iterator[str]:
    """One line for all components that claim the same."""
    sources: dict[str, list[str]] = {}
    for record in records:
        claim = f"{record.mechanism}, epsilon {record.epsilon:g}, delta {record.delta:g}"
        claim += f", noise multiplier {record.noise_multiplier:g}"
        claim += "" if record.budget is None else f", budget {record.budget:g}"
        sources.setdefault(claim, []).append(record.source)
    for claim, names in sources.items():
        yield f"{', '.join(names)}: {claim}"
    for record in records:
        if record.asked:
            spent = "" if record.epsilon_spent is None else f", epsilon {record.epsilon_spent:.4g} spent"
            yield f"{record.granted} of {record.asked} concurrent queries of one user granted{spent}"


def _harness(harness: HarnessRecord) -> str:
    commit = harness.commit[:12] or "no commit"
    accepted = " (accepted by --any-harness)" if harness.accepted and harness.remarks else ""
    said = "; ".join(harness.remarks) or "as committed"
    return f"{commit}: {said}{accepted}; sources {harness.sources[:12]}, lock {harness.lock[:12]}"


def _system(identity: Identity) -> str:
    seen = [fact for fact in identity.observed if not fact.unseen]
    versions = [f"{fact.part} {fact.value}" for fact in seen if fact.name in ("version", "server")]
    unseen = len(identity.observed) - len(seen)
    counted = f"{len(seen)} facts observed{f', {unseen} could not be seen' if unseen else ''}"
    return ": ".join([identity.system_id or "no system_id declared", ", ".join([counted, *versions])])


def _closing(document: ReportDocument, folder: Path, verify_command: str, trust: str) -> Table:
    proofs = [proof for proof in document.selfproof if proof.proven]
    counted = [check for check in document.checks if check.status is not Status.NOT_APPLICABLE]
    required = [control for control in document.controls if control.required]
    covered = sum(control.covered for control in required)
    proven = (
        f"{sum(c.proven for c in counted)} of {len(counted)} checks proven able to fail in this run, "
        f"on {len(proofs)} seeded violations of real services"
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("Self-proof", Text(proven))
    if document.sent:
        grid.add_row("Sent", Text(sent_sentence(document.sent)))
    grid.add_row("Controls", Text(f"{covered} of {len(required)} required controls covered"))
    if document.harness:
        grid.add_row("Harness", Text(_harness(document.harness)))
    if document.identity.system_id or document.identity.observed:
        grid.add_row("System", Text(_system(document.identity)))
    for part in dict.fromkeys(own.part for own in document.own_files):
        names = [f"{own.path} ({own.digest[:12]})" for own in document.own_files if own.part == part]
        grid.add_row(f"Own {part}", Text(", ".join(names)))
    grid.add_row("Report", Text(f"{folder / ENVELOPE} (signed)\n{folder / RESULTS}"))
    if trust:
        grid.add_row("Verified", Text(trust))
    grid.add_row("Verify", Text(verify_command))
    return grid
