"""The examples by name: ``EXAMPLES["orthanc"](driver)`` makes one on the hosts of a driver, and starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from examples.common.breaking import BreakableExample, Breakage
from examples.fhir import breakages as fhir
from examples.fhir.description import describe as describe_fhir
from examples.fhir.stack import FhirSite
from examples.orthanc import breakages as orthanc
from examples.orthanc.description import describe as describe_orthanc
from examples.orthanc.stack import OrthancSite
from fixtures.hosts import Driver
from fixtures.stack.rising import Component


@dataclass(frozen=True)
class Example:
    """An example on its hosts.

    Args:
        components: what comes up, for `fixtures.stack.rising.rise`.
        describe: the text of its target file, once it is up.
        breakable: what it takes to break it, in the ways of ``breakages``.
    """

    components: Sequence[Component]
    describe: Callable[[], str]
    breakable: BreakableExample


def _fhir(driver: Driver) -> Example:
    site = FhirSite(driver)
    return Example(site.components, lambda: describe_fhir(site), fhir.breakable(site))


def _orthanc(driver: Driver) -> Example:
    site = OrthancSite(driver)
    return Example(site.components, lambda: describe_orthanc(site), orthanc.breakable(site))


EXAMPLES: Mapping[str, Callable[[Driver], Example]] = {"fhir": _fhir, "orthanc": _orthanc}
BREAKAGES: Mapping[str, Sequence[Breakage]] = {"fhir": fhir.BREAKAGES, "orthanc": orthanc.BREAKAGES}
