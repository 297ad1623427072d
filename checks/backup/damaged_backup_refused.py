"""A damaged backup is refused at the first step that can see it (45 CFR 164.308(a)(7)(ii)(D); NIST SP 800-53 CP-9(1)).

A tampered file and a wrong or missing key show when the repository is looked at, a missing segment of WAL when it is
replayed. What is found later is found when the database is already gone; what is not found is restored as if it were
whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import Lab, RestoreDrillFlaws
from checks.model import Finding, Gate, Severity, check
from checks.targets import RestoreDrills, RestoreStep


def _restored_without_a_look(lab: Lab) -> RestoreDrills:
    return lab.build(RestoreDrillFlaws(looked_at=False))


def _recovered_to_wherever_the_log_ends(lab: Lab) -> RestoreDrills:
    return lab.build(RestoreDrillFlaws(targeted=False))


@check(
    gate=Gate.RECOVERY,
    severity=Severity.HIGH,
    controls=("hipaa:164.308(a)(7)(ii)(D)", "hipaa:164.312(c)(1)"),
    violations=(_restored_without_a_look, _recovered_to_wherever_the_log_ends),
    drills_only=True,
)
def damaged_backup_refused(restores: RestoreDrills) -> Iterator[Finding]:
    """Each kind of damage, on a copy of the repository."""
    for seen in restores.damaged():
        passed = seen.stopped is RestoreStep.DONE
        at = "nothing refused it: it was restored" if passed else f"refused at the step '{seen.stopped}'"
        yield Finding(
            subject=seen.damage,
            ok=seen.stopped is seen.earliest,
            message=f"{at}; '{seen.earliest}' can see it",
            remedy="verify the repository before every restore, and recover to a target that must be reached",
            evidence=seen.said,
        )
