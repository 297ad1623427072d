"""What the process that makes a model is told, and what it says: JSON, since its interpreter may be another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.gpu.shapes import Shape

SPECIAL = ("<unk>", "<s>", "</s>")
_SPACE = "\u2581"  # stands for a space in SentencePiece's vocabularies


@dataclass(frozen=True)
class Orders:
    """What is to be made.

    Args:
        folder: where; all or nothing.
        weights: False leaves them out, for a server that makes up its own.
        device: where they are drawn, ``cuda`` or ``cpu``.
    """

    folder: str
    shape: Shape
    weights: bool
    device: str


@dataclass(frozen=True)
class Made:
    """What there is now: the versions of the packages that this environment has, and the GPU that PyTorch would use."""

    versions: dict[str, str]
    gpu: str


def pieces(size: int) -> list[str]:
    """So many tokens, each a piece of plain text: a stream shows one at a time, none waits for another to be
    printable.
    """
    letters = [*map(chr, range(33, 127)), _SPACE]
    return list(itertools.islice(itertools.chain(SPECIAL, letters, _words()), size))


def _words() -> Iterator[str]:
    """Words of one, two and more syllables, with and without a space before them."""
    syllables = [consonant + vowel for consonant in "bcdfghklmnprstvw" for vowel in "aeiou"]
    for count in itertools.count(1):
        for word in itertools.product(syllables, repeat=count):
            yield from (_SPACE + "".join(word), "".join(word))
