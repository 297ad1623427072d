"""No patient's data lies anywhere in clear: files, WAL, backups, cache, logs, models (45 CFR 164.312(a)(2)(iv)).

A synthetic patient with a random marker is driven through the whole system; afterwards every byte at rest is searched
for it, as it is and in the usual encodings. A key that exists encrypts nothing: only bytes tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.data._canary import absent
from checks.lab import CanaryFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Canary


def _note_written_to_a_clear_column(lab: Lab) -> Canary:
    return lab.build(CanaryFlaws(leak="clear-column"))


def _bodies_written_to_the_log(lab: Lab) -> Canary:
    return lab.build(CanaryFlaws(leak="log"))


@check(
    gate=Gate.PRIVACY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(2)(iv)", "hipaa:164.502(b)", "gdpr:25"),
    violations=(_note_written_to_a_clear_column, _bodies_written_to_the_log),
)
def phi_canary_absent_at_rest(canary: Canary) -> Iterator[Finding]:
    """One finding per kind of place; a place without a single file was not examined."""
    remedy = "encrypt the field before it is stored, or keep it out of what is written there; then wipe the file"
    for seen in canary.at_rest():
        yield absent(seen, subject=f"{seen.place} at rest", unit="files", remedy=remedy)
