"""``clinical-gate checks``: which checks there are, what each claims, and whether it can fail."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from checks.catalogue import CatalogueError
from checks.model import Check
from checks.policy import load_policy
from fixtures.own_code.checks import rulebook
from loadtests.exit_codes import ExitCode
from runner.proving import ProofResult, Prover, proof_cases

_SHOWN = 2  # findings in the line of a proof
_CLOSE = 5  # more would be a list, and there is one
_own = click.option(
    "--checks", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Those of this folder, too: own/..."
)


@click.group()
def checks() -> None:
    """The catalogue of checks."""


@checks.command("list")
@_own
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_checks(folder: Path | None, *, as_json: bool) -> None:
    """Every check with its gate, severity and controls."""
    rules = rulebook(folder).rules
    if as_json:
        rows = [
            {
                "id": r.id,
                "claim": r.claim,
                "gate": r.gate,
                "severity": r.severity,
                "controls": r.controls,
                "violations": [v.__name__.strip("_") for v in r.violations],
            }
            for r in rules
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    table = Table("check", "gate", "severity", "violations", "controls", box=None)
    for rule in rules:
        table.add_row(rule.id, rule.gate, rule.severity, str(len(rule.violations)), " ".join(rule.controls))
    Console().print(table)


@checks.command("show")
@click.argument("identity", metavar="ID")
@_own
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def show_check(identity: str, folder: Path | None, *, as_json: bool) -> None:
    """One check: its claim, controls, and the violations that it must catch."""
    book = rulebook(folder)
    rule = _named(identity, book.rules)
    cited = [book.controls[c] for c in rule.controls]
    violations = [v.__name__.strip("_").replace("_", " ") for v in rule.violations]
    if as_json:
        click.echo(
            json.dumps(
                {
                    "id": rule.id,
                    "claim": rule.claim,
                    "gate": rule.gate,
                    "severity": rule.severity,
                    "controls": [{"id": c.id, "title": c.title, "crosswalk": c.crosswalk} for c in cited],
                    "violations": violations,
                },
                indent=1,
            )
        )
        return
    click.echo(f"{rule.id}  [{rule.gate}, {rule.severity}]\n")
    click.echo(textwrap.fill(rule.claim, 100) + "\n")
    for control in cited:
        also = f" (also {', '.join(control.crosswalk)})" if control.crosswalk else ""
        click.echo(f"  {control.citation}  {control.title}{also}")
    click.echo("\nmust fail on:")
    for violation in violations:
        click.echo(f"  {violation}")


def _named(identity: str, rules: Sequence[Check]) -> Check:
    for rule in rules:
        if rule.id == identity:
            return rule
    close = [r.id for r in rules if identity.rpartition("/")[2] in r.id]
    like = f"; did you mean {', '.join(close)}?" if 0 < len(close) <= _CLOSE else ": clinical-gate checks list"
    message = f"no check named {identity}{like}"
    raise CatalogueError(message)


@checks.command("prove")
@click.argument("prefixes", nargs=-1, required=True, metavar="PREFIX...")
@_own
@click.option("--policy", "policy_name", default="default", show_default=True, help="Whose promises they are held to.")
@click.option(
    "--driver", type=click.Choice(["docker"]), default=None, help="Services in a container, not installed here."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout; the progress goes to stderr.")
def prove_checks(
    prefixes: tuple[str, ...], folder: Path | None, policy_name: str, driver: str | None, *, as_json: bool
) -> ExitCode:
    """Prove the checks whose id begins with a PREFIX: each fails on its violations and passes on the clean twin.

    Real services are started for it on this machine, each broken in one way, and are gone afterwards.

    \b
    Exit codes: 0 all are proven, 1 some are not, 2 no such check, or interrupted.
    Examples:   clinical-gate checks prove tls
                clinical-gate checks prove http/hsts access --policy mine.toml
                clinical-gate checks prove own/ --checks mine
    """  # noqa: D301  click reads a real backspace
    policy = load_policy(policy_name)
    rules = _beginning_with(prefixes, rulebook(folder).rules)
    exempt = {rule.id: reason for rule in rules if (reason := policy.exempts(rule.id)) is not None}
    applicable = [rule for rule in rules if rule.id not in exempt]
    if not applicable:
        message = f"policy {policy.name} leaves out {rules[0].id}: {exempt[rules[0].id]}; give another --policy"
        raise CatalogueError(message)
    for rule in rules:
        if rule.id in exempt:
            click.echo(f"left out            {rule.id}: {exempt[rule.id]}", err=as_json)
    cases = proof_cases(applicable)
    outcomes: list[ProofResult] = []
    prover = Prover(cases, policy, driver or "")
    try:
        for case in cases:
            outcomes.append(prover.outcome(case))
            click.echo(_proof_line(outcomes[-1]), err=as_json)
    finally:
        prover.close()
    proven = sum(outcome.proven for outcome in outcomes)
    if as_json:
        click.echo(json.dumps([_proof_row(outcome) for outcome in outcomes], indent=1))
    else:
        click.echo(f"{proven} of {len(outcomes)} proofs of {len(applicable)} checks succeeded")
    return ExitCode.HOLDS if proven == len(outcomes) else ExitCode.DOES_NOT_HOLD


def _beginning_with(prefixes: Sequence[str], rules: Sequence[Check]) -> list[Check]:
    for prefix in prefixes:
        if not any(rule.id.startswith(prefix) for rule in rules):
            message = f"no check begins with '{prefix}': clinical-gate checks list"
            raise CatalogueError(message)
    return [rule for rule in rules if rule.id.startswith(tuple(prefixes))]


def _proof_line(outcome: ProofResult) -> str:
    result = outcome.result
    mark = "proven  " if outcome.proven else "UNPROVEN"
    seen = "; ".join(f"{f.subject}: {f.message}" for f in (result.broken or result.findings)[:_SHOWN])
    said = " ".join(part for part in (result.explanation, seen) if part)
    return f"{mark} {result.duration_s:6.2f} s  {outcome.case.name}: {result.status} {said}".rstrip()


def _proof_row(outcome: ProofResult) -> dict[str, object]:
    case, result = outcome.case, outcome.result
    return {
        "check": case.rule.id,
        "on": case.name.partition(" on ")[2],
        "wanted": case.wanted,
        "status": result.status,
        "proven": outcome.proven,
        "explanation": result.explanation,
        "findings": [{"subject": f.subject, "ok": f.ok, "message": f.message} for f in result.findings],
        "seconds": round(result.duration_s, 3),
    }
