"""No patient's data lies anywhere in clear: files, WAL, backups, cache, logs, models (45 CFR 164.312(a)(2)(iv)).

A synthetic patient with a random marker is driven through the whole system; afterwards every byte at rest is searched
for it, as it is and in the usual encodings. A key that exists encrypts nothing: only bytes tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.data._canary import absent, whole_first
from checks.lab import CanaryFlaws, Lab
from checks.model import CannotLookError, Finding, Gate, Reason, Severity, check
from checks.policy import Policy
from checks.targets import Canary, Sighting


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
def phi_canary_absent_at_rest(canary: Canary, policy: Policy) -> Iterator[Finding]:
    """One finding per kind of place; a place without a single file was not examined."""
    remedy = "encrypt the field before it is stored, or keep it out of what is written there; then wipe the file"
    seen = whole_first(canary.at_rest())
    if all(sighting.encrypted_below for sighting in seen):
        msg = "every place is said to be encrypted below: nothing was searched"
        raise CannotLookError(msg, Reason.EXAMINED_NOTHING)
    for sighting in seen:
        if sighting.encrypted_below:
            yield _left_out(sighting, policy)
        else:
            yield absent(sighting, subject=f"{sighting.place} at rest", unit="files", remedy=remedy)


def _left_out(seen: Sighting, policy: Policy) -> Finding:
    """What the deployment keeps in clear above an encrypted volume, if the policy accepts that there.

    Raises:
        CannotLookError: it does not.
    """
    said = f"{seen.place} at rest was not searched, as the target file says encrypted_below: {seen.encrypted_below}"
    if seen.problem or not seen.examined:
        msg = f"{said}; {seen.problem or 'and there is no file'}"
        raise CannotLookError(msg)
    if seen.place not in policy.encrypted_below:
        msg = f"{said}; policy {policy.name} does not accept that (encrypted_below)"
        raise CannotLookError(msg, Reason.NOT_DECLARED)
    left = f"{seen.examined} files, {seen.bytes} bytes were NOT searched: {seen.encrypted_below}"
    return Finding(subject=f"{seen.place} at rest", ok=True, message=f"{left} (accepted by policy {policy.name})")
