"""The backup repository is encrypted, every byte of it (45 CFR 164.312(a)(2)(iv); GDPR article 32(1)(a)).

What the repository says of itself is checked against its files: a cipher that is configured later leaves old files as
they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.lab import BackupFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import Backups

_SHOWN = 5


def _repository_in_clear(lab: Lab) -> Backups:
    return lab.build(BackupFlaws(encrypted=False))


@check(
    gate=Gate.SECURITY,
    severity=Severity.CRITICAL,
    controls=("hipaa:164.312(a)(2)(iv)", "hipaa:164.308(a)(7)(ii)(A)"),
    violations=(_repository_in_clear,),
)
def repository_encrypted(backups: Backups) -> Iterator[Finding]:
    """The declared cipher, and every file of the repository searched for what only clear text holds."""
    cipher = backups.information().cipher
    yield Finding(
        subject="cipher of the repository",
        ok=cipher.startswith("aes-256"),
        message=f"the repository says {cipher}",
        remedy="repo1-cipher-type=aes-256-cbc with a pass phrase, then a new full backup",
    )
    clear = backups.plaintext_in_repository()
    yield Finding(
        subject="files of the repository",
        ok=not clear,
        message=f"{len(clear)} places are readable without the key" if clear else "none is readable without the key",
        remedy="encrypt the repository, make a new full backup, and expire those that were made before",
        evidence="\n".join(clear[:_SHOWN]),
    )
