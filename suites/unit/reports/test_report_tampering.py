"""Verification against real published reports: each attack is refused for its very reason."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import (  # type: ignore[attr-defined]  # it re-exports without __all__
    CryptoSigner,
    SSlibKey,
)

from reports import history, manifest
from reports.document import RESULTS, canonical, encode
from reports.envelope import PAYLOAD_TYPE
from reports.envelope import encode as encode_envelope
from reports.files import sha256
from reports.keys import load_public, load_signer
from reports.refusals import Refusal, UnreadableError, VerificationError
from reports.render.junit import JUNIT
from reports.sign import ENVELOPE, sign
from reports.statement import Statement
from reports.verify import verify, verify_envelope
from reports.writer import Published, publish
from suites.unit.reports.report_samples import document

EVIDENCE = {"drill/ledger.jsonl": b'{"invoke": 1}\n', "wire.pcap": bytes(range(256)), "log.txt": b"all quiet\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where reports are published."""
    return tmp_path / "gate"


@pytest.fixture
def published(root: Path) -> Published:
    """A real report with evidence."""
    return publish(root, "run-1", document(), evidence=EVIDENCE)


@pytest.fixture
def key(published: Published) -> SSlibKey:
    """The signer's public key."""
    return load_public(published.public_key)


def _refused(folder: Path, key: SSlibKey, **options: object) -> Refusal:
    with pytest.raises(VerificationError) as problem:
        verify(folder, key, **options)  # type: ignore[arg-type]
    assert str(problem.value).endswith(".")
    return problem.value.refusal


def test_a_published_report_holds(published: Published, key: SSlibKey) -> None:
    """It holds before any attack, or the attacks would prove nothing."""
    found = verify(published.folder, key, demand_history=True)
    assert found.newest
    assert found.document == document().model_copy(update={"signer": "machine key"})
    assert [check.id for check in found.statement.predicate.checks] == [c.id for c in document().checks]
    assert (published.folder.parent / "latest").resolve() == published.folder.resolve()


def test_every_flipped_bit_of_the_envelope_is_refused(published: Published, key: SSlibKey) -> None:
    """Everywhere: braces, names, base64 padding bits, key id, signature, the newline at the end."""
    original = (published.folder / ENVELOPE).read_bytes()
    verify_envelope(original, key)
    survived = []
    for place in range(len(original)):
        for bit in range(8):
            altered = bytearray(original)
            altered[place] ^= 1 << bit
            try:
                verify_envelope(bytes(altered), key)
                survived.append((place, bit))
            except VerificationError:
                continue
    assert (survived, len(original) > 2000) == ([], True)


def _digit(content: bytes, after: bytes) -> int:
    """A digit of the base64 that follows: with its last bit flipped it is another digit, and so still base64."""
    return next(place for place in range(content.index(after) + 20, len(content)) if chr(content[place]).isdigit())


def _regions(content: bytes) -> dict[str, tuple[int, set[Refusal]]]:
    """Where to flip, and what must be said."""
    keyid = json.loads(content)["signatures"][0]["keyid"].encode()
    return {
        "first brace": (0, {Refusal.NOT_CANONICAL}),
        "payload": (_digit(content, b'"payload":"'), {Refusal.BAD_SIGNATURE}),
        "payload type": (content.index(b"vnd.in-toto"), {Refusal.NOT_CANONICAL}),
        "name of a field": (content.index(b"signatures"), {Refusal.NOT_CANONICAL}),
        "key id": (content.index(keyid), {Refusal.WRONG_KEY}),
        "signature": (_digit(content, b'"sig":"'), {Refusal.BAD_SIGNATURE}),
        "newline at the end": (len(content) - 1, {Refusal.NOT_CANONICAL}),
    }


def test_a_flipped_byte_is_refused_for_its_reason(published: Published, key: SSlibKey) -> None:
    """By region of the file."""
    path = published.folder / ENVELOPE
    original = path.read_bytes()
    for region, (place, expected) in _regions(original).items():
        altered = bytearray(original)
        altered[place] ^= 1  # of a digit of base64 or hex, this makes another one
        path.write_bytes(altered)
        assert (region, {_refused(published.folder, key)}) == (region, expected)


@pytest.mark.parametrize(
    "alter",
    [
        lambda content: content + b"\n",
        lambda content: b" " + content,
        lambda content: content.rstrip(b"\n"),
        lambda content: content.replace(b'"payload":', b'"payload": '),
        lambda content: json.dumps(json.loads(content)).encode(),
        lambda content: content.replace(b'"signatures":[', b'"signatures":[],"signatures":['),
        lambda content: content.replace(b"}]}", b'}],"more":1}'),
        lambda content: content[:-200],
        lambda _: b"",
        lambda _: b"[" * 100_000,
        lambda _: b'{"payload": NaN}',
        lambda _: b"\xff\xfe",
    ],
)
def test_only_the_exact_bytes_hold(published: Published, key: SSlibKey, alter: Callable[[bytes], bytes]) -> None:
    """White space, order, duplicates, additions, truncation."""
    path = published.folder / ENVELOPE
    path.write_bytes(alter(path.read_bytes()))
    assert _refused(published.folder, key) is Refusal.NOT_CANONICAL


def test_unused_bits_of_base64_are_refused(published: Published, key: SSlibKey) -> None:
    """A 64-byte signature ends in one character with four unused bits, which a lenient decoder drops."""
    path = published.folder / ENVELOPE
    parsed = json.loads(path.read_bytes())
    sig = parsed["signatures"][0]["sig"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = sig[:-3] + alphabet[alphabet.index(sig[-3]) ^ 1] + "=="
    assert base64.b64decode(other) == base64.b64decode(sig)
    path.write_bytes(path.read_bytes().replace(sig.encode(), other.encode()))
    assert _refused(published.folder, key) is Refusal.NOT_CANONICAL


def test_another_key_is_refused(published: Published) -> None:
    """The report is fine; the key is not the signer's."""
    other: SSlibKey = CryptoSigner.generate_ed25519().public_key
    assert _refused(published.folder, other) is Refusal.WRONG_KEY


def test_a_report_signed_again_with_another_key_is_refused(published: Published, key: SSlibKey) -> None:
    """Also when it claims the true key's id."""
    path = published.folder / ENVELOPE
    payload = base64.b64decode(json.loads(path.read_bytes())["payload"])
    for claimed, expected in ((None, Refusal.WRONG_KEY), (key.keyid, Refusal.BAD_SIGNATURE)):
        envelope = Envelope(payload, PAYLOAD_TYPE, {})
        envelope.sign(CryptoSigner.generate_ed25519(claimed))
        path.write_bytes(encode_envelope(envelope))
        assert _refused(published.folder, key) is expected


def test_something_else_signed_with_the_true_key_is_no_report(root: Path, published: Published, key: SSlibKey) -> None:
    """A signature alone says nothing about what was signed."""
    envelope = Envelope(canonical({"_type": "https://in-toto.io/Statement/v1"}), PAYLOAD_TYPE, {})
    envelope.sign(load_signer(root.parent / "keys/gate.ed25519"))
    (published.folder / ENVELOPE).write_bytes(encode_envelope(envelope))
    assert _refused(published.folder, key) is Refusal.WRONG_STATEMENT


def test_a_removed_check_is_refused(published: Published, key: SSlibKey) -> None:
    """results.json without the check that failed, otherwise in perfect form."""
    whole = document()
    (published.folder / RESULTS).write_bytes(encode(whole.model_copy(update={"checks": whole.checks[1:]})))
    assert _refused(published.folder, key) is Refusal.RESULTS_CHANGED


def test_a_check_missing_from_what_was_signed_is_refused(root: Path, published: Published, key: SSlibKey) -> None:
    """The signer himself signs results that lack a check of his statement."""
    whole = document()
    content = encode(whole.model_copy(update={"checks": whole.checks[1:]}))
    (published.folder / RESULTS).write_bytes(content)
    claim = published.verified.statement.predicate
    files = {**claim.files, RESULTS: sha256(content)}
    statement = published.verified.statement.model_copy(update={"predicate": claim.model_copy(update={"files": files})})
    signer = load_signer(root.parent / "keys/gate.ed25519")
    (published.folder / ENVELOPE).write_bytes(sign(Statement.model_validate(statement), signer))
    assert _refused(published.folder, key) is Refusal.INCONSISTENT


def _replace(folder: Path) -> None:
    (folder / "evidence/drill/ledger.jsonl").write_bytes(b'{"invoke": 2}\n')


def _relink(folder: Path) -> None:
    (folder / "evidence/log.txt").rename(folder / "elsewhere")
    (folder / "evidence/log.txt").symlink_to(folder / "elsewhere")


def _relist(folder: Path) -> None:
    _replace(folder)
    store = folder / "evidence"
    (store / "MANIFEST.sha256").write_bytes(manifest.encode(manifest.survey(store)))


@pytest.mark.parametrize(
    ("attack", "expected"),
    [
        (_replace, Refusal.EVIDENCE_REPLACED),
        (_relink, Refusal.EVIDENCE_REPLACED),
        (lambda folder: (folder / "evidence/wire.pcap").unlink(), Refusal.EVIDENCE_REMOVED),
        (lambda folder: (folder / "evidence/drill/new.txt").write_bytes(b""), Refusal.EVIDENCE_ADDED),
        (_relist, Refusal.MANIFEST_CHANGED),
        (lambda folder: shutil.rmtree(folder / "evidence"), Refusal.MANIFEST_CHANGED),
        (lambda folder: (folder / JUNIT).write_bytes(b"<testsuites/>"), Refusal.JUNIT_CHANGED),
        (lambda folder: (folder / RESULTS).unlink(), Refusal.RESULTS_CHANGED),
    ],
)
def test_other_files_are_refused(
    published: Published, key: SSlibKey, attack: Callable[[Path], object], expected: Refusal
) -> None:
    """Evidence replaced, removed, added or linked away; a manifest made to fit; JUnit and results."""
    attack(published.folder)
    assert _refused(published.folder, key) is expected


def test_an_older_report_is_refused(root: Path, published: Published, key: SSlibKey) -> None:
    """Where it lies, in the newer one's folder, and behind the link ``latest``."""
    newer = publish(root, "run-2", document("run-2", failing=True))
    assert (newer.verified.statement.predicate.sequence, newer.verified.newest) == (2, True)
    assert newer.verified.statement.predicate.previous == published.verified.digest
    assert _refused(published.folder, key) is Refusal.SUPERSEDED
    shutil.rmtree(newer.folder)
    shutil.copytree(published.folder, newer.folder)
    assert _refused(root / "latest", key) is Refusal.SUPERSEDED


def test_reports_on_other_targets_do_not_supersede(root: Path, published: Published, key: SSlibKey) -> None:
    """Each target has its own sequence."""
    other = publish(root, "run-2", document("run-2", name="clinic north"))
    assert other.verified.statement.predicate.sequence == 1
    assert verify(published.folder, key).newest is True


def test_the_history_cannot_be_rewritten(root: Path, published: Published, key: SSlibKey) -> None:
    """A line altered, removed from the middle, torn, or the newest one cut off."""
    newer = publish(root, "run-2", document("run-2"))
    publish(root, "run-3", document("run-3", name="clinic north"))
    path = root / history.HISTORY
    lines = path.read_bytes().splitlines(keepends=True)
    first, second, third = (b"".join(lines[place : place + 2]) for place in (0, 2, 4))  # begun and ended
    for content in (
        first.replace(b"APPROVED", b"REJECTED") + second + third,
        first + third,
        second + third,
        lines[0] + second,
        b"".join(lines)[:-1],
        b"".join(lines) + b"\n",
        b"{}\n",
    ):
        path.write_bytes(content)
        assert _refused(newer.folder, key) is Refusal.HISTORY_BROKEN
    path.write_bytes(first)
    assert _refused(newer.folder, key) is Refusal.NOT_IN_HISTORY
    path.write_bytes(b"")
    assert _refused(published.folder, key) is Refusal.NOT_IN_HISTORY


def test_a_missing_history_is_unknown_or_refused(root: Path, published: Published, key: SSlibKey) -> None:
    """Unknown when nobody asked for one, refused when they did."""
    (root / history.HISTORY).unlink()
    assert verify(published.folder, key).newest is None
    assert _refused(published.folder, key, demand_history=True) is Refusal.HISTORY_MISSING
    assert _refused(published.folder, key, history_file=root / "other.jsonl") is Refusal.HISTORY_MISSING


def test_no_report_is_unreadable(tmp_path: Path, key: SSlibKey) -> None:
    """That is no verdict on a report."""
    with pytest.raises(UnreadableError, match="there is no report in"):
        verify(tmp_path, key)
