"""The search for the canary finds its token in every encoding, at every offset, and nowhere where it is not."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import lzma
import os
import random
import re
import secrets
import urllib.parse
from pathlib import Path

import dpkt
import pytest

from checks.model import CannotLookError
from fixtures.canary import search
from fixtures.canary.marker import Needle, new_patient, new_token
from fixtures.canary.packets import search_capture
from fixtures.canary.search import SearchPlace, search_places

MARK = "k7qz0canary4w9x1m2ba"
NEEDLE = Needle.of(MARK)
MIB = 1 << 20


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("plain", f"note: {MARK}.".encode()),
        ("upper case", MARK.upper().encode()),
        ("UTF-16LE", f"x{MARK}".encode("utf-16-le")),
        ("UTF-16BE", f"x{MARK}".encode("utf-16-be")),
        ("hex", f"a{MARK}b".encode().hex().encode()),
        ("upper-case hex", f"a{MARK}b".encode().hex().upper().encode()),
        ("base64, offset 0", base64.b64encode(f"abc{MARK}defgh".encode())),
        ("base64, offset 1", base64.b64encode(f"abcd{MARK}efgh".encode())),
        ("base64, offset 2", base64.b64encode(f"abcde{MARK}fgh".encode())),
        ("plain", urllib.parse.quote(f"Ä {MARK}").encode()),
        ("plain", json.dumps(f"Ä {MARK}").encode()),
        ("URL", "".join(f"%{ord(c):02x}" for c in MARK).encode()),
        ("upper-case URL", "".join(f"%{ord(c):02X}" for c in MARK).encode()),
        ("JSON", "".join(f"\\u{ord(c):04x}" for c in MARK).encode()),
        ("upper-case JSON", "".join(f"\\u{ord(c):04X}" for c in MARK).encode()),
    ],
)
def test_each_encoding_is_found_and_named(encoding: str, written: bytes) -> None:
    data = os.urandom(1000) + written + os.urandom(1000)
    assert encoding in {name for _, _, name in NEEDLE.hits(data)}


def test_base64_of_any_neighbours_is_found() -> None:
    """Only characters that the token settles are looked for, whatever stands around it."""
    for _ in range(200):
        around = os.urandom(secrets.randbelow(9)), os.urandom(secrets.randbelow(9))
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            token = new_token()
            assert list(Needle.of(token).hits(encode(around[0] + token.encode() + around[1])))


def test_random_bytes_hold_nothing() -> None:
    assert list(NEEDLE.hits(random.Random(1).randbytes(8 * MIB))) == []  # noqa: S311  the same bytes each time


def test_every_field_of_the_patient_carries_the_token() -> None:
    patient = new_patient()
    for text in (patient.mrn, patient.name, patient.diagnosis, patient.notes, patient.prompt):
        assert patient.token in text


def test_files_are_counted_for_the_nearest_place_and_hits_carry_their_offset(tmp_path: Path) -> None:
    (tmp_path / "data" / "pg_wal").mkdir(parents=True)
    (tmp_path / "data" / "heap").write_bytes(bytes(100) + MARK.encode())
    (tmp_path / "data" / "pg_wal" / "0001").write_bytes(b"nothing")
    places = [SearchPlace("database", (tmp_path / "data",)), SearchPlace("wal", (tmp_path / "data" / "pg_wal",))]
    database, wal = search_places(NEEDLE, places)
    assert (database.place, database.examined, database.bytes) == ("database", 1, 120)
    assert [(t.place, t.encoding) for t in database.traces] == [(f"{tmp_path}/data/heap at offset 100", "plain")]
    assert (wal.place, wal.examined, wal.traces) == ("wal", 1, ())


@pytest.mark.parametrize("shift", range(-25, 26, 5))
def test_a_token_across_two_pieces_of_a_large_file_is_found_once(tmp_path: Path, shift: int) -> None:
    piece = search._CHUNK  # noqa: SLF001  the border is what is tested
    data = bytearray(3 * piece)
    data[piece + shift : piece + shift + len(MARK)] = MARK.encode()
    (tmp_path / "large").write_bytes(data)
    (sighting,) = search_places(NEEDLE, [SearchPlace("database", (tmp_path,))])
    assert [f"{tmp_path}/large at offset {piece + shift}"] == [t.place for t in sighting.traces]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_are_looked_into(tmp_path: Path, compress: type[bytes]) -> None:
    (tmp_path / "old.log").write_bytes(compress(b"line\n" * 1000 + MARK.encode()))
    (sighting,) = search_places(NEEDLE, [SearchPlace("logs", (tmp_path,))])
    assert [t.encoding for t in sighting.traces] == ["compressed plain"]


def test_a_file_that_only_begins_like_a_compressed_one_is_searched_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"\x1f\x8b\x08" + os.urandom(500) + MARK.encode())
    (sighting,) = search_places(NEEDLE, [SearchPlace("database", (tmp_path,))])
    assert [t.encoding for t in sighting.traces] == ["plain"]


def test_a_compression_that_cannot_be_opened_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "backup.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(10))
    (sighting,) = search_places(NEEDLE, [SearchPlace("backup", (tmp_path,))])
    assert "compressed with zstd, which cannot be searched" in sighting.problem


def test_links_are_followed_out_of_the_place_and_in_circles(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "wal").write_bytes(MARK.encode())
    (tmp_path / "data" / "pg_wal").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    (sighting,) = search_places(NEEDLE, [SearchPlace("database", (tmp_path / "data",))])
    assert (sighting.examined, len(sighting.traces)) == (1, 1)


def test_a_place_that_does_not_exist_is_not_passed_over(tmp_path: Path) -> None:
    (sighting,) = search_places(NEEDLE, [SearchPlace("backup", (tmp_path / "none",))])
    assert sighting.problem == f"1 declared places do not exist, first {tmp_path}/none"


def test_a_file_that_cannot_be_read_is_not_passed_over() -> None:
    """Reading one's own memory at address zero fails for everybody, root too."""
    (sighting,) = search_places(NEEDLE, [SearchPlace("logs", (Path("/proc/self/mem").parent.resolve() / "mem",))])
    assert re.search(r"1 files or directories could not be searched, first /proc/[0-9]+/mem", sighting.problem)


def test_what_is_encrypted_below_is_counted_and_not_searched(tmp_path: Path) -> None:
    """Its files are there; a place of its own inside it is searched all the same."""
    (tmp_path / "data" / "log").mkdir(parents=True)
    (tmp_path / "data" / "heap").write_bytes(MARK.encode())
    (tmp_path / "data" / "log" / "today").write_bytes(MARK.encode())
    below = SearchPlace("database", (tmp_path / "data",), encrypted_below="the volume is")
    database, logs = search_places(NEEDLE, [below, SearchPlace("logs", (tmp_path / "data" / "log",))])
    assert (database.examined, database.traces, database.encrypted_below) == (1, (), "the volume is")
    assert len(logs.traces) == 1


def test_files_of_another_machine_come_as_a_tar_archive(tmp_path: Path) -> None:
    """Compressed ones are looked into, and a place may have both."""
    (tmp_path / "there" / "pg").mkdir(parents=True)
    (tmp_path / "there" / "pg" / "heap").write_bytes(bytes(5) + MARK.encode())
    (tmp_path / "there" / "old.gz").write_bytes(gzip.compress(MARK.encode()))
    (tmp_path / "here").write_bytes(b"nothing")
    argv = ("tar", "-C", str(tmp_path / "there"), "-cf", "-", ".")
    (sighting,) = search_places(NEEDLE, [SearchPlace("database", (tmp_path / "here",), archives=(argv,))])
    assert (sighting.examined, sighting.problem) == (3, "")
    assert {(t.place.rpartition(": ")[2], t.encoding) for t in sighting.traces} == {
        ("./pg/heap at offset 5", "plain"),
        ("./old.gz at compressed offset 0", "compressed plain"),
    }


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("tar -cf - . && exit 2", "sh ended with status 2"),
        ("tar -cf - . | head -c 700", "sh prints no whole tar archive"),
        ("echo no permission >&2; exit 1", "sh prints no whole tar archive: empty file: no permission"),
        ("echo text", "sh prints no whole tar archive"),
    ],
)
def test_an_archive_that_may_lack_something_is_not_passed_over(tmp_path: Path, command: str, problem: str) -> None:
    """What it did hold is searched all the same."""
    (tmp_path / "log").write_bytes(b"x" * 2000)
    argv = ("sh", "-c", f"cd {tmp_path} && {command}")
    (sighting,) = search_places(NEEDLE, [SearchPlace("logs", (), archives=(argv,))])
    assert problem in sighting.problem
    (gone,) = search_places(NEEDLE, [SearchPlace("logs", (), archives=(("no-such-program",),))])
    assert "no-such-program cannot be run" in gone.problem


def _write_capture(path: Path, segments: list[tuple[int, bytes]]) -> None:
    with path.open("wb") as handle:
        writer = dpkt.pcap.Writer(handle)
        for sequence, payload in segments:
            segment = dpkt.tcp.TCP(sport=40000, dport=443, seq=sequence, data=payload)
            ends = {"src": bytes([10, 0, 0, 1]), "dst": bytes([10, 0, 0, 2])}
            packet = dpkt.ip.IP(**ends, p=dpkt.ip.IP_PROTO_TCP, data=segment)
            packet.len = len(packet)
            writer.writepkt(bytes(dpkt.ethernet.Ethernet(type=dpkt.ethernet.ETH_TYPE_IP, data=packet)))


def name_of(address: str) -> str:
    return {"10.0.0.1": "client", "10.0.0.2": "edge"}[address]


@pytest.mark.parametrize("first", [1000, (1 << 32) - 12])
def test_a_token_over_two_packets_that_arrive_twice_and_out_of_order_is_found(tmp_path: Path, first: int) -> None:
    """Also where the sequence numbers wrap."""
    text = b"note=" + MARK.encode() + b"&end"
    pieces = [((first + at) % (1 << 32), text[at : at + 11]) for at in range(0, len(text), 11)]
    _write_capture(tmp_path / "c.pcap", [pieces[2], pieces[0], pieces[1], pieces[1]])
    (sighting,) = search_capture(NEEDLE, tmp_path / "c.pcap", name=name_of, expected=())
    assert (sighting.place, sighting.examined) == ("client - edge", 4)
    assert [(t.place, t.encoding) for t in sighting.traces] == [("client:40000 -> edge:443", "plain")]


def test_a_gap_in_a_flow_joins_nothing(tmp_path: Path) -> None:
    """Bytes that were not captured are not skipped over: that would make up text that was never sent."""
    half = len(MARK) // 2
    _write_capture(tmp_path / "c.pcap", [(1, MARK[:half].encode()), (100, MARK[half:].encode())])
    (sighting,) = search_capture(NEEDLE, tmp_path / "c.pcap", name=name_of, expected=())
    assert sighting.traces == ()


def test_a_link_without_traffic_is_told(tmp_path: Path) -> None:
    _write_capture(tmp_path / "c.pcap", [(1, b"hello")])
    seen = search_capture(NEEDLE, tmp_path / "c.pcap", name=name_of, expected=(("router1", "pg*"), ("edge", "c*")))
    assert {s.place: s.examined for s in seen} == {"client - edge": 1, "router1 - pg*": 0}


def test_a_file_that_is_no_capture_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "c.pcap").write_bytes(b"not packets at all, only text")
    with pytest.raises(CannotLookError, match="no readable capture"):
        search_capture(NEEDLE, tmp_path / "c.pcap", name=name_of, expected=())
