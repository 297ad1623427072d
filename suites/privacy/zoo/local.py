"""Local mechanisms: every value is a neighbour of every other."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from checks.dp_audit.model import Claim, Floats, Pair
from suites.privacy.zoo.specimen import specimen

BITS, HASHES = 20, 4
_ANSWERS = (Pair("no and yes", (0.0,), (1.0,)),)
_ONE_TIME, _PERMANENT = 0.95, 0.75
_P, _Q = 0.45, 0.55


def _places(value: float) -> list[int]:
    digest = hashlib.sha256(str(int(value)).encode()).digest()
    return [byte % BITS for byte in digest[:HASHES]]


def _disjoint() -> Pair:
    """Two values whose Bloom filters share no bit and lose none: the worst case that the claim speaks of."""
    full = [float(v) for v in range(200) if len(set(_places(v))) == HASHES]
    other = next(v for v in full[1:] if not set(_places(v)) & set(_places(full[0])))
    return Pair("values without a bit in common", (full[0],), (other,))


VALUES = (_disjoint(),)


def bloom_filter(value: float) -> Floats:
    """The value's Bloom filter, shape (BITS,)."""
    bits = np.zeros(BITS)
    bits[_places(value)] = 1
    return bits


def reported(share: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Bits that are 1 with the given probabilities, shape (size, BITS)."""
    return (rng.random((size, BITS), dtype=np.float32) < share).astype(np.float64)


def one_time_share(value: float) -> Floats:
    """Probability of each bit in one-time RAPPOR: kept, or set and cleared with f / 2 each."""
    return (1 - _ONE_TIME) * bloom_filter(value) + _ONE_TIME / 2


def permanent_share(value: float) -> Floats:
    """Probability of each reported bit of RAPPOR: a permanent bit reported with q or p."""
    permanent = (1 - _PERMANENT) * bloom_filter(value) + _PERMANENT / 2
    return _Q * permanent + _P * (1 - permanent)


def _loss(share: Floats) -> float:
    high, low = float(share.max()), float(share.min())
    return HASHES * math.log(high * (1 - low) / (low * (1 - high)))


ONE_TIME_EPSILON = _loss(one_time_share(VALUES[0].first[0]))  # 0.8007
PERMANENT_EPSILON = _loss(permanent_share(VALUES[0].first[0]))  # 0.4001


@specimen(claim=Claim(ONE_TIME_EPSILON), pairs=VALUES)
def one_time_rappor(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Erlingsson, Pihur, Korolova 2014, https://doi.org/10.1145/2660267.2660348, steps 1 and 2."""
    return reported(one_time_share(values[0]), size, rng)


@specimen(claim=Claim(ONE_TIME_EPSILON / HASHES), pairs=VALUES, wrong="one hash function is counted; there are four")
def one_time_rappor_of_one_hash(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The mechanism is right and the claim is not."""
    return reported(one_time_share(values[0]), size, rng)


@specimen(claim=Claim(PERMANENT_EPSILON), pairs=VALUES)
def rappor(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Steps 1 to 3."""
    return reported(permanent_share(values[0]), size, rng)


def _response(honest: float, values: Floats, size: int, rng: np.random.Generator) -> Floats:
    return np.asarray(np.where(rng.random(size) < honest, values[0], 1 - values[0]))


@specimen(claim=Claim(math.log(3)), pairs=_ANSWERS)
def randomized_response(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Warner 1965: honest three times out of four is epsilon ln 3."""
    return _response(0.75, values, size, rng)


@specimen(
    claim=Claim(math.log(3)),
    pairs=_ANSWERS,
    wrong="honest with a half, and else a coin that may be honest too: 9 in 10",
)
def randomized_response_too_honest(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """The second coin is not fair."""
    return _response(0.9, values, size, rng)


@specimen(claim=Claim(math.log(4)), pairs=(Pair("two of five categories", (0.0,), (3.0,)),))
def randomized_response_of_five(values: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Honest in half of the cases, else any of the other four: epsilon ln(0.5 / 0.125)."""
    other = (values[0] + rng.integers(1, 5, size)) % 5
    return np.asarray(np.where(rng.random(size) < 0.5, values[0], other))
