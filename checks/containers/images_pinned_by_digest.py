"""Every container is made of an image that is named by its digest (45 CFR 164.312(c)(1); NIST SP 800-53 SI-7; NIST SP
800-190 section 4.2.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.lab import ContainerFlaws, Lab
from checks.model import Finding, Gate, Severity, check
from checks.targets import ContainerFacts, Containers

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_SHORT = 12  # digits of an id, which engines take for the whole


def _container_from_a_floating_tag(lab: Lab) -> Containers:
    return lab.build(ContainerFlaws(image="tag"))


@check(
    gate=Gate.SECURITY,
    severity=Severity.MEDIUM,
    controls=("hipaa:164.312(c)(1)",),
    violations=(_container_from_a_floating_tag,),
)
def images_pinned_by_digest(containers: Containers) -> Iterator[Finding]:
    """``name@sha256:...``, or the id of an image of this engine: what a tag means may change overnight."""
    for container in containers.containers():
        pinned = bool(_DIGEST.search(container.image)) or _is_id(container)
        known = container.digests[0] if container.digests else container.image_id
        yield Finding(
            subject=container.subject,
            ok=pinned,
            message=f"made of {container.image}, which {'is one image' if pinned else 'may name another tomorrow'}",
            remedy=f"name the image by its digest; what runs now is {known}",
        )


def _is_id(container: ContainerFacts) -> bool:
    named = container.image.removeprefix("sha256:")
    return len(named) >= _SHORT and container.image_id.removeprefix("sha256:").startswith(named)
