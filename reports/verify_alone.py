"""Verify a report with nothing but Python and ``cryptography``: to be read in one sitting, and run years later.

    python verify_alone.py FOLDER signer.pub        0 holds, 1 does not hold, 2 there is nothing to verify

It shares no line with clinical-gate's own verifier, and must come to the same answer (`benchmarks/tamper.py` holds the
one against the other). It asks whether FOLDER is what the holder of the key signed, and whether that follows from
itself. Whether it is the newest report, and of which target and policy, only the history and the reader know.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ENVELOPE, RESULTS, JUNIT, POLICY, EVIDENCE = "report.dsse.json", "results.json", "junit.xml", "policy.json", "evidence"
MANIFEST = f"{EVIDENCE}/MANIFEST.sha256"
REPORT = "urn:clinical-gate:report:v1"
TYPE = "application/vnd.in-toto+json"
ALTERED = {RESULTS: "results.json altered", JUNIT: "junit.xml altered", POLICY: "policy.json altered"}
SPELT = {"FAIL": "failure", "UNKNOWN": "error", "NOT_APPLICABLE": "skipped", "WAIVED": "skipped"}
LARGEST = 256 * 2**20


class DoesNotHoldError(Exception):
    """The typed reason, in clinical-gate's own words, and a sentence."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def verify(folder: Path, pem: bytes) -> dict[str, Any]:
    """The statement's predicate, if the report holds.

    Raises:
        DoesNotHoldError: it does not.
        FileNotFoundError: there is no report.
        ValueError, TypeError: ``pem`` is no Ed25519 public key.
    """
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        msg = "no Ed25519 public key"
        raise TypeError(msg)
    statement = _opened(read(folder / ENVELOPE), key)
    claim: dict[str, Any] = statement["predicate"]
    files = claim["files"]
    _demand(set(files) - {POLICY} == {RESULTS, JUNIT, MANIFEST}, "not a report", "it signs other files than a report's")
    content = {name: _signed(folder, name, digest) for name, digest in files.items()}
    _verify_evidence(folder / EVIDENCE, content[MANIFEST])
    results = json.loads(content[RESULTS])
    for wrong, sentence in _contradictions(results, claim, statement, content):
        _demand(not wrong, "parts contradict each other", sentence)
    return claim


def _demand(holds: bool, reason: str, sentence: str) -> None:  # noqa: FBT001  the question comes first
    if not holds:
        raise DoesNotHoldError(reason, sentence)


def read(path: Path) -> bytes:
    """A regular file; no link, pipe, device or giant."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > LARGEST:
            msg = f"{path} is no plain file of at most {LARGEST} bytes"
            raise OSError(msg)
        return file.read()


def canonical(value: object) -> bytes:
    """The one JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _opened(content: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    altered = DoesNotHoldError("envelope altered", f"{ENVELOPE} is not the exact bytes that were written")
    try:
        envelope = json.loads(content)
        payload = base64.b64decode(envelope["payload"], validate=True)
        (signature,) = envelope["signatures"]
        sig, keyid = base64.b64decode(signature["sig"], validate=True), signature["keyid"]
        again = {
            "payload": _base64(payload),
            "payloadType": TYPE,
            "signatures": [{"keyid": keyid, "sig": _base64(sig)}],
        }
        exact = type(keyid) is str and canonical(again) + b"\n" == content
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise altered from problem
    if not exact:
        raise altered
    _demand(keyid == key_id(key), "another key", f"it is signed with key {keyid[:16]}")
    try:
        key.verify(sig, b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload))
    except InvalidSignature:
        _demand(False, "signature does not fit", "the content is not what was signed")
    statement: dict[str, Any] = json.loads(payload)
    report = statement.get("predicateType") == REPORT and "files" in statement.get("predicate", {})
    _demand(report, "not a report", "something else was signed")
    return statement


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def key_id(key: Ed25519PublicKey) -> str:
    """As securesystemslib derives it: a digest of the key's own description."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    described = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": raw}}
    return hashlib.sha256(canonical(described)).hexdigest()


def _signed(folder: Path, name: str, digest: str) -> bytes:
    reason = ALTERED.get(name, "evidence manifest altered")
    try:
        content = read(folder / name)
    except OSError as problem:
        raise DoesNotHoldError(reason, f"{name} cannot be read: {problem}") from problem
    _demand(hashlib.sha256(content).hexdigest() == digest, reason, f"{name} is not the file that was signed")
    return content


def _verify_evidence(folder: Path, manifest: bytes) -> None:
    listed = {line[66:]: line[:64] for line in manifest.decode().splitlines()}
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        plain = not path.is_symlink() and (path.is_dir() or path.is_file())
        _demand(plain, "evidence replaced", f"{name} is a link or a special file")
        if path.is_file() and name != "MANIFEST.sha256":
            found[name] = hashlib.sha256(read(path)).hexdigest()
    for reason, names in (
        ("evidence replaced", [name for name in found if name in listed and found[name] != listed[name]]),
        ("evidence removed", listed.keys() - found.keys()),
        ("evidence added", found.keys() - listed.keys()),
    ):
        _demand(not names, reason, ", ".join(sorted(names)))


def _contradictions(
    results: dict[str, Any], claim: dict[str, Any], statement: dict[str, Any], content: dict[str, bytes]
) -> list[tuple[bool, str]]:
    """Each way in which what was signed could say two things, and whether it does."""
    identity, checks = results["identity"], results["checks"]
    said = {name: claim[name] for name in ("kind", "run_id", "started", "ended", "harness_version", "git_commit")}
    told = [{name: check[name] for name in ("id", "status", "proven")} for check in checks]
    claimed = [{name: check[name] for name in ("id", "status", "proven")} for check in claim["checks"]]
    subject = statement["subject"][0]
    began, ended = (datetime.fromisoformat(identity[name]) for name in ("started", "ended"))
    counts = Counter((check["gate"], check["status"]) for check in checks)
    looked = {c for check in checks if check["status"] in ("PASS", "FAIL", "WAIVED") for c in check["controls"]}
    verdict, open_points = _drawn(results)
    cases = {f"{case.get('classname')}/{case.get('name')}".lstrip("/"): case for case in _cases(content[JUNIT])}
    spelt = {name: next((e.tag for e in case if e.tag in SPELT.values()), "") for name, case in cases.items()}
    policy = content.get(POLICY)
    return [
        ((claim["decision"], claim["score"]) != (results["decision"], results["score"]), "decision or score"),
        (said != {name: identity[name] for name in said} or told != claimed, "the run or its checks"),
        (claim.get("system_id", "") != identity.get("system_id", ""), "the system"),
        ((subject["name"], subject["digest"]["sha256"]) != (identity["name"], identity["digest"]), "the target"),
        (claim["policy"] != {"name": identity["policy"], "digest": identity["policy_digest"]}, "the policy"),
        (not began <= ended <= datetime.now(UTC) + timedelta(minutes=5), "its times"),
        (any(check["status"] == "PASS" and not check["proven"] for check in checks), "a PASS that is not proven"),
        (any(g["counts"].get(s, 0) != counts[g["gate"], s] for g in results["gates"] for s in g["counts"]), "a gate"),
        ({gate for gate, _ in counts} - {g["gate"] for g in results["gates"]} != set(), "a gate that is left out"),
        (any(c["covered"] != (c["id"] in looked) for c in results["controls"]), "a control"),
        (verdict != results["decision"], f"that it is {results['decision']}"),
        (open_points != {g["subject"] for g in (*results["rejections"], *results["conditions"])}, "what is open"),
        (spelt != {check["id"]: SPELT.get(check["status"], "") for check in checks}, "JUnit"),
        (_unrecorded(results, content[MANIFEST].decode()), "a load or a drill without its record"),
        (policy is not None and _percent(json.loads(policy)["floor"]) != results["floor"], "the floor"),
    ]


def _unrecorded(results: dict[str, Any], manifest: str) -> bool:
    names = [line[66:] for line in manifest.splitlines()]
    ledgers = sum(name.startswith("drills/") for name in names)
    loads = sum(name.startswith("load/") and name.endswith("/record.json") for name in names)
    passing = {check["id"].split("/")[0] for check in results["checks"] if check["status"] == "PASS"}
    kinds = (("recovery", len(results["drills"]), ledgers), ("performance", len(results["load"]), loads))
    return any(room in passing and (not told or kept < told) for room, told, kept in kinds)


def _drawn(results: dict[str, Any]) -> tuple[str, set[str]]:
    """The verdict that follows, and the subjects of everything that is open."""
    checks = results["checks"]
    not_green = [check for check in checks if check["status"] in ("FAIL", "UNKNOWN", "WAIVED")]
    critical = {c["id"] for c in not_green if c["severity"] == "critical" and c["status"] != "WAIVED"}
    rejecting = critical | {c["id"] for c in results["controls"] if c["required"] and not c["covered"]}
    rejecting |= {f"gate {gate['gate']}" for gate in results["gates"] if not any(gate["counts"].values())}
    applicable = [check for check in checks if check["status"] != "NOT_APPLICABLE"]
    if not applicable:
        rejecting.add("all gates")
    elif results["score"] < results["floor"]:
        rejecting.add("score")
    if abs(results["identity"]["clock_skew_ms"]) > 50:
        rejecting.add("clock")
    conditions = {check["id"] for check in not_green} - critical
    harness = results.get("harness") or {"remarks": [], "accepted": False}
    if harness["remarks"] and not harness["accepted"]:
        conditions.add("harness")
    verdict = "REJECTED" if rejecting else "CONDITIONAL" if conditions else "APPROVED"
    return verdict, rejecting | conditions


def _percent(share: float) -> float:
    return int(share * 1000 + 1e-9) / 10


def _cases(junit: bytes) -> list[ET.Element]:
    try:
        return list(ET.fromstring(junit).iter("testcase"))  # noqa: S314  signed bytes; expat bounds what entities grow to
    except ET.ParseError:
        return []


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python verify_alone.py FOLDER signer.pub\n")
        return 2
    folder = Path(arguments[0])
    try:
        claim = verify(folder.resolve(), Path(arguments[1]).read_bytes())
    except DoesNotHoldError as problem:
        sys.stdout.write(f"DOES NOT HOLD: {problem.reason}. {problem}\n")
        return 1
    except (OSError, ValueError, TypeError) as problem:
        sys.stderr.write(f"verify_alone: {problem}\n")
        return 2
    sys.stdout.write(f"HOLDS: {claim['kind']} {claim['run_id']}, {claim['decision']}, score {claim['score']:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
