"""A mechanism of the zoo: what it does, what it claims, and whether the claim is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from checks.dp_audit.model import Claim, Floats, Pair, Sample

GRID = 2.0**-20


@dataclass(frozen=True)
class Specimen:
    """One mechanism.

    Args:
        wrong: why the claim is false; empty for a correct one.
    """

    name: str
    sample: Sample
    claim: Claim
    pairs: tuple[Pair, ...]
    wrong: str
    gaussian: bool

    def __repr__(self) -> str:
        """Its name: tests are named by it."""
        return self.name


def specimen(
    *, claim: Claim, pairs: tuple[Pair, ...], wrong: str = "", gaussian: bool = False
) -> Callable[[Sample], Specimen]:
    """Make a ``sample`` function a specimen.

    Args:
        claim: what it claims for one call.
        pairs: the neighbours that its claim speaks of.
        wrong: why the claim is false; empty for a correct mechanism.
        gaussian: it is stated to add Gaussian noise.
    """

    def made(sample: Sample) -> Specimen:
        name: str = sample.__name__
        return Specimen(name, sample, claim, pairs, wrong, gaussian)

    return made


def laplace_noise(scale: float, shape: int | tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Laplace noise as the difference of two exponentials: the same distribution as ``rng.laplace``, in half the
    time.
    """
    noise = rng.standard_exponential(shape)
    noise -= rng.standard_exponential(shape)
    noise *= scale
    return noise


def grid(values: Floats) -> Floats:
    """Rounded to multiples of 2^-20 after the noise: the low bits of the doubles are gone."""
    return np.asarray(np.round(values / GRID) * GRID)
