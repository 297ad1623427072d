"""Everything in the zoo."""

from __future__ import annotations

import importlib

from suites.privacy.zoo.specimen import Specimen

_HOUSES = (
    "additive",
    "floating_point",
    "sparse_vector",
    "noisy_max",
    "histograms",
    "sensitivity",
    "local",
    "composition",
)


def specimens() -> tuple[Specimen, ...]:
    """Every mechanism, wrong and correct."""
    found = [
        thing
        for house in _HOUSES
        for thing in vars(importlib.import_module(f"suites.privacy.zoo.{house}")).values()
        if isinstance(thing, Specimen)
    ]
    return tuple(found)
