"""How long a large report takes: to decide, to write and sign, to verify, and to render.

A report of so many checks with so many findings and so much evidence is made, with findings of the size that real ones
have, and each step is timed. The goals: decide, sign and verify within 5 s in all, render everything within 20 s.

    python -m benchmarks.report_size --checks 200 --findings 2000 --evidence-mb 500
"""

from __future__ import annotations

import io
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from checks.catalogue import controls
from checks.model import Check, Finding, Gate, Result, Severity, Status
from checks.policy import load_policy
from loadtests.exit_codes import ExitCode, one_sentence
from reports.decide import Criteria, RunPeriod, decide
from reports.document import ReportDocument, compose, policy_digest, target_digest
from reports.effective_status import violation_name
from reports.keys import load_public
from reports.records import Identity, SelfProof
from reports.refusals import UnreadableError
from reports.render.board.page import board_page
from reports.render.formats.errors import FormatError
from reports.render.formats.table import FORMATS
from reports.render.terminal import print_summary
from reports.verify import Verified, verify
from reports.writer import publish
from suites.unit.reports.report_samples import END, START, TLS, policy, rule

_MIB = 2**20
_EVIDENCE = "HTTP/1.1 401 Unauthorized\nserver: nginx\ncontent-type: application/json\n\n" + '{"error": "who?"} ' * 40
_GATES = (Gate.SECURITY, Gate.COMPLIANCE, Gate.OPERATIONS)
_SIGNED_S, _RENDERED_S = 5.0, 20.0


@dataclass
class StepTimes:
    """Seconds of each step, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began

    def total(self, *names: str) -> float:
        """Of some steps."""
        return sum(self.seconds[name] for name in names)


def large_catalogue(checks: int) -> tuple[Check, ...]:
    """So many checks over three gates; one in ten is critical."""
    return tuple(
        rule(f"check_{n:04}", Severity.HIGH if n % 10 else Severity.CRITICAL, gate=_GATES[n % len(_GATES)], control=TLS)
        for n in range(checks)
    )


def large_results(catalogue: tuple[Check, ...], findings: int) -> list[Result]:
    """A result of each, over so many findings in all; one check in seven fails, with one of its findings."""
    share = -(-findings // len(catalogue))
    return [
        Result(
            check_id=check.id,
            claim=check.claim,
            gate=check.gate,
            severity=check.severity,
            controls=check.controls,
            status=Status.PASS if n % 7 else Status.FAIL,
            findings=tuple(_finding(n, m, ok=bool(n % 7 or m)) for m in range(share)),
            target="clinic",
            duration_s=0.1,
            reason=None,
            explanation="",
        )
        for n, check in enumerate(catalogue)
    ]


def _finding(n: int, m: int, *, ok: bool) -> Finding:
    return Finding(
        subject=f"host {n}.{m}:8443 GET /fhir/Patient/{n}/{m}",
        ok=ok,
        message="It was refused, as it should be." if ok else "It was let in without a log-in.",
        remedy="" if ok else "Demand a session before the record is looked up, and answer 401.",
        evidence=_EVIDENCE,
    )


def large_document(checks: int, findings: int, times: StepTimes) -> ReportDocument:
    """Results, judged; what is timed is the decision."""
    catalogue = large_catalogue(checks)
    results, rules = large_results(catalogue, findings), load_policy("default")
    proofs = [
        SelfProof(
            check=check.id,
            violation=violation_name(violation),
            status=Status.FAIL,
            reason="It was accepted.",
            at=START,
            on="nginx 127.4.1.9:8443",
            clean_status=Status.PASS,
        )
        for check in catalogue
        for violation in check.violations
    ]
    identity = Identity(
        kind="gate",
        name="large clinic",
        digest=target_digest("large clinic", {}),
        run_id="run-1",
        harness_version="0.2.0",
        policy=rules.name,
        policy_digest=policy_digest(rules),
        started=START,
        ended=END,
        clock_skew_ms=0.1,
    )
    with times.step("decide"):
        decision = decide(
            results,
            Criteria(policy(gates=_GATES), catalogue, controls()),
            proofs=proofs,
            period=RunPeriod(START, END.date(), 0.1, ()),
        )
        return compose(identity, decision, proofs=proofs)


def write_evidence(folder: Path, size: int, files: int = 25) -> None:
    """Evidence as a run leaves it, in files of equal size; incompressible, as captures and ledgers are."""
    (folder / "evidence/load").mkdir(parents=True)
    for n in range(files):
        (folder / f"evidence/load/capture-{n}.pcap").write_bytes(os.urandom(size // files))


def render(found: Verified, times: StepTimes) -> None:
    """Everything that a report is rendered as."""
    renderings: dict[str, Callable[[], object]] = {
        "summary": lambda: print_summary(
            found.document, folder=Path("build"), verify_command="", console=Console(file=io.StringIO())
        ),
        "board": lambda: board_page(found, policy=load_policy("default"), approvals=()),
        **{name: partial(form, found) for name, form in FORMATS.items()},
    }
    for name, rendering in renderings.items():
        try:
            with times.step(name):
                rendering()
        except FormatError as problem:
            click.echo(f"{name:<12} left out: {problem}")


@click.command()
@click.option("--checks", type=click.IntRange(1, 9999), default=200, show_default=True)
@click.option("--findings", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--evidence-mb", type=click.IntRange(0), default=500, show_default=True)
def main(checks: int, findings: int, evidence_mb: int) -> None:
    """See the module."""
    with one_sentence(UnreadableError), tempfile.TemporaryDirectory() as directory:
        times, root = StepTimes(), Path(directory) / "gate"
        document = large_document(checks, findings, times)
        write_evidence(root / "run-1", evidence_mb * _MIB)
        with times.step("sign"):
            published = publish(root, "run-1", document, registers=root / "registers")
        with times.step("verify"):
            found = verify(published.folder, load_public(published.public_key), demand_history=True)
        signed = tuple(times.seconds)
        render(found, times)
        rendered = [name for name in times.seconds if name not in signed]
        kept = sum(len(check.findings) for check in document.checks)
        size = (published.folder / "results.json").stat().st_size
    for name, seconds in times.seconds.items():
        click.echo(f"{name:<12} {seconds:7.2f} s")
    first, second = times.total(*signed), times.total(*rendered)
    click.echo(f"{checks} checks, {kept:,} findings, results.json {size / _MIB:.1f} MiB, evidence {evidence_mb} MB")
    click.echo(f"decide, sign, verify {first:.2f} s of {_SIGNED_S:g} s; render {second:.2f} s of {_RENDERED_S:g} s")
    click.echo(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    raise SystemExit(ExitCode.HOLDS if first <= _SIGNED_S and second <= _RENDERED_S else ExitCode.DOES_NOT_HOLD)


if __name__ == "__main__":
    main()
