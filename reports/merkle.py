"""The hash tree of RFC 6962, section 2.1: one root for a whole log, and a short proof that a log only grew.

    old, new = root(lines[:7]), root(lines)
    proof = consistency(lines, 7)
    assert consistent(7, old, len(lines), new, proof)

Whoever kept seven entries' root can tell by the proof alone that the log still begins with the same seven.
https://www.rfc-editor.org/rfc/rfc6962#section-2.1
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of a log, 32 bytes; of an empty one the SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    middle = _split(len(leaves))
    return _node(root(leaves[:middle]), root(leaves[middle:]))


def consistency(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """The proof that a log extends its own first entries (section 2.1.2); empty where there is nothing to prove.

    Raises:
        ValueError: the log has fewer entries.
    """
    if not 0 <= first <= len(leaves):
        msg = f"a log of {len(leaves)} entries has no first {first}"
        raise ValueError(msg)
    return _subproof(leaves, first, whole=True) if 0 < first < len(leaves) else ()


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that a log of ``second`` entries begins with the ``first`` of another (RFC 9162, section
    2.1.4.2). Every log extends the empty one.
    """
    if first == 0:
        return not proof and first_root == root(()) and (second > 0 or second_root == first_root)
    if first >= second:
        return first == second and first_root == second_root and not proof
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    left, right = first - 1, second - 1
    while left & 1:
        left, right = left >> 1, right >> 1
    if not path:
        return False
    old = new = path[0]
    for step in path[1:]:
        if right == 0:
            return False
        if left & 1 or left == right:
            old, new = _node(step, old), _node(step, new)
            while left and not left & 1:
                left, right = left >> 1, right >> 1
        else:
            new = _node(new, step)
        left, right = left >> 1, right >> 1
    return right == 0 and (old, new) == (first_root, second_root)


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _subproof(leaves: Sequence[bytes], first: int, *, whole: bool) -> tuple[bytes, ...]:
    size = len(leaves)
    if first == size:
        return () if whole else (root(leaves),)
    middle = _split(size)
    if first <= middle:
        return (*_subproof(leaves[:middle], first, whole=whole), root(leaves[middle:]))
    return (*_subproof(leaves[middle:], first - middle, whole=False), root(leaves[:middle]))
