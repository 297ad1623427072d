"""The hash tree of RFC 6962, against published roots and against every way a log can be rewritten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.merkle import consistency, consistent, root

# The leaves and roots of the Certificate Transparency project's own tests.
# https://github.com/google/certificate-transparency/blob/master/cpp/merkletree/merkle_tree_test.cc
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
logs = st.lists(st.binary(max_size=4), max_size=40)


@pytest.mark.parametrize("size", ROOTS)
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size]


@given(logs, st.data())
def test_a_log_that_grew_is_proven(log: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(log)))
    assert consistent(first, root(log[:first]), len(log), root(log), consistency(log, first))


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=40), st.data())
def test_a_log_that_was_rewritten_is_not(log: list[bytes], data: st.DataObject) -> None:
    """An entry below the older head altered, then the best proof that the forger can make."""
    first = data.draw(st.integers(1, len(log)))
    place = data.draw(st.integers(0, first - 1))
    forged = [*log[:place], log[place] + b"!", *log[place + 1 :]]
    assert not consistent(first, root(log[:first]), len(log), root(forged), consistency(forged, first))


@given(st.lists(st.binary(max_size=4), min_size=3, max_size=40), st.data())
def test_a_proof_that_was_altered_proves_nothing(log: list[bytes], data: st.DataObject) -> None:
    """A step flipped, dropped or added, or other sizes."""
    first = data.draw(st.integers(1, len(log) - 1))
    old, new, proof = root(log[:first]), root(log), consistency(log, first)
    place = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
    for altered in (
        (*proof[:place], flipped, *proof[place + 1 :]),
        proof[:place] + proof[place + 1 :],
        (*proof, new),
    ):
        assert not consistent(first, old, len(log), new, altered)
    assert not consistent(first, new, len(log), old, proof)
    assert not consistent(len(log), new, first, old, proof)


def test_a_proof_that_stops_short_proves_nothing() -> None:
    """One for the first four entries, shown for a log of eight."""
    old, proof = root(LEAVES[:1]), consistency(LEAVES[:4], 1)
    assert consistent(1, old, 4, root(LEAVES[:4]), proof)
    assert not consistent(1, old, 8, root(LEAVES[:4]), proof)


def test_a_log_has_no_more_entries_than_it_has() -> None:
    with pytest.raises(ValueError, match="a log of 8 entries has no first 9"):
        consistency(LEAVES, 9)
