"""A board of five roles, and reports for it to sign off."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it re-exports without __all__

from checks.model import Gate, Severity, Status
from reports.document import ReportDocument, compose
from reports.files import write_atomically
from reports.harness import HarnessRecord, JudgedBy
from reports.keys import public_pem
from reports.records import RunKind
from reports.waivers import Waiver
from reports.writer import Published, publish
from suites.unit.reports.report_samples import AUDIT, decided, document, policy, proofs, result, rule

ROLES = ("business", "compliance", "engineering", "operations", "security")
HSTS, APPEND_ONLY = "room/hsts_sent", "room/audit_append_only"


@dataclass
class BoardRoom:
    """Keys of the signer and of five roles, the sign-off file, and a folder for reports."""

    directory: Path
    signers: dict[str, CryptoSigner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the keys."""
        for name in ("gate", *ROLES):
            self.signers[name] = signer = CryptoSigner.generate_ed25519()
            write_atomically(self.key(name), signer.private_bytes, mode=0o600)
            write_atomically(self.directory / f"{name}.pub", public_pem(signer))

    def key(self, name: str) -> Path:
        """The private key of a role, or of ``gate``."""
        return self.directory / f"{name}.ed25519"

    def signoff(self, *, least: str = "", target: str = "reference stack", roles: dict[str, str] | None = None) -> Path:
        """The sign-off file; ``roles`` is name -> whose key, each its own unless given."""
        owners = roles or {role: role for role in ROLES}
        lines = [
            'signer = "gate.pub"',
            f'target = "{target}"',
            'policy = "default"',
            "report_valid_hours = 48",
            *([f"least = {least}"] if least else []),
            "[roles]",
            *(f'{role} = "{owner}.pub"' for role, owner in owners.items()),
        ]
        path = self.directory / "board.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def publish(self, made: ReportDocument) -> Published:
        """Sign a report with the gate's key and publish it."""
        return publish(self.directory / "gate", made.identity.run_id, made, str(self.key("gate")))


def report_of(  # every keyword is one thing that a report can be
    run_id: str = "run-1",
    *,
    ended: datetime | None = None,
    waivers: tuple[Waiver, ...] = (),
    critical: Status = Status.PASS,
    others: Status = Status.PASS,
    kind: RunKind = "gate",
    remarks: tuple[str, ...] = (),
) -> ReportDocument:
    """A report of one critical check and two others.

    Args:
        ended: now unless given.
        critical: status of the critical check; ``others`` that of the rest.
    """
    catalogue = (
        rule("legacy_protocols_refused", Severity.CRITICAL),
        rule("hsts_sent"),
        rule("audit_append_only", gate=Gate.COMPLIANCE, control=AUDIT),
    )
    end = ended or datetime.now(UTC)
    sample = document(run_id, kind=kind)
    decision = decided(
        catalogue,
        [result(check, status) for check, status in zip(catalogue, (critical, others, others), strict=True)],
        under=policy(gates=(Gate.SECURITY, Gate.COMPLIANCE), floor=0),
        waivers=waivers,
    )
    identity = sample.identity.model_copy(update={"started": end - timedelta(minutes=5), "ended": end})
    return compose(identity, decision, proofs=proofs(catalogue), judged_by=JudgedBy(harness(*remarks)))


def harness(*remarks: str) -> HarnessRecord:
    """What judged, with remarks that ``--any-harness`` let pass."""
    return HarnessRecord(
        version="0.2.0",
        commit="a" * 40,
        sources="b" * 64,
        lock="c" * 64,
        catalogue="d" * 64,
        packages="e" * 64,
        plugins=(),
        command=("pytest", "-m", "gate"),
        environment=(),
        python="3.11.7",
        system="Linux 6.1 x86_64",
        remarks=remarks,
        accepted=bool(remarks),
    )
