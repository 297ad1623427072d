"""The canary's journey: it is driven once, its controls come first, and what could not be watched is not green."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from checks.model import CannotLookError
from fixtures.canary.marker import CanaryPatient
from fixtures.canary.search import SearchPlace
from fixtures.hosts import process
from fixtures.hosts.process import Process
from fixtures.targets.canary.target import SystemCanary, Wire

SENDER, RECEIVER = "127.9.0.1", "127.9.0.2"
TCPDUMP = shutil.which("tcpdump", path="/usr/sbin:/usr/bin")
may_capture = pytest.mark.skipif(os.geteuid() != 0 or TCPDUMP is None, reason="capturing packets needs root")


def _capture(path: Path) -> Process:
    argv = ["tcpdump", "-i", "lo", "-U", "-n", "-Z", "root", "-w", str(path), f"host {RECEIVER}"]
    return process.spawn(argv, log=path.with_suffix(".log"), env=process.environment("unit", None), cwd=path.parent)


def _send(text: str) -> None:
    """Over one TCP connection, in pieces that each are a packet of their own."""
    with socket.create_server((RECEIVER, 0)) as server:

        def receive() -> None:
            connection, _ = server.accept()
            with connection:
                while connection.recv(4096):
                    pass

        receiver = threading.Thread(target=receive)
        receiver.start()
        with socket.create_connection(server.getsockname(), source_address=(SENDER, 0)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(text), 7):
                connection.sendall(text[at : at + 7].encode())
        receiver.join()


def _canary(
    directory: Path, wire: Wire | None, *, file: str = "", sent: str = "hello", fail: bool = False
) -> SystemCanary:
    place = directory / "place"
    place.mkdir()

    def drive(patient: CanaryPatient) -> None:
        if fail:
            msg = "a step failed"
            raise CannotLookError(msg)
        with (place / "log").open("a") as handle:
            handle.write(file.format(patient=patient) + "\n")
        if wire:
            _send(sent.format(patient=patient))

    return SystemCanary(
        drive=drive,
        settle=lambda: None,
        places=lambda: [SearchPlace("logs", (place,))],
        wire=wire,
        scratch=directory / "scratch",
    )


def _wire(*links: tuple[str, str]) -> Wire:
    names = {SENDER: "one", RECEIVER: "two"}
    return Wire(capture=_capture, beacon=RECEIVER, name=lambda address: names.get(address, address), links=links)


def test_a_leak_into_a_file_is_found_and_the_system_is_driven_once(tmp_path: Path) -> None:
    canary = _canary(tmp_path, None, file="name={patient.name}")
    first, second = canary.at_rest(), canary.at_rest()
    assert [trace.encoding for trace in first[0].traces] == ["plain"]
    assert (tmp_path / "place" / "log").read_text().count("\n") == 1
    assert second == first


def test_without_a_wire_files_are_still_searched_and_the_wire_is_unknown(tmp_path: Path) -> None:
    canary = _canary(tmp_path, None)
    assert [(seen.examined, seen.traces) for seen in canary.at_rest()] == [(1, ())]
    with pytest.raises(CannotLookError, match="no wire between hosts"):
        canary.on_the_wire()


def test_a_journey_that_failed_makes_both_searches_unknown_and_is_not_tried_again(tmp_path: Path) -> None:
    canary = _canary(tmp_path, None, fail=True)
    for look in (canary.at_rest, canary.on_the_wire):
        with pytest.raises(CannotLookError, match="a step failed"):
            look()


@may_capture
def test_a_leak_in_pieces_on_the_wire_is_found(tmp_path: Path) -> None:
    """No packet of seven bytes holds the token; the flow does."""
    (seen,) = (s for s in _canary(tmp_path, _wire(), sent="{patient.notes}").on_the_wire() if s.place == "one - two")
    assert [trace.encoding for trace in seen.traces] == ["plain"]


@may_capture
def test_a_clean_wire_is_clean_and_a_link_never_used_is_told(tmp_path: Path) -> None:
    seen = {s.place: s for s in _canary(tmp_path, _wire(("two", "o*"), ("one", "thr*"))).on_the_wire()}
    assert seen["one - two"].examined > 0
    assert [s.traces for s in seen.values()] == [()] * len(seen)
    assert seen["one - thr*"].examined == 0
    assert not (tmp_path / "scratch" / "canary.pcap").exists()


@may_capture
def test_a_capture_that_does_not_see_the_control_is_unknown(tmp_path: Path) -> None:
    """The beacon does not lie behind the wire that is watched."""
    deaf = Wire(capture=_capture, beacon="127.9.0.77", name=str, links=(), drained_s=1)
    with pytest.raises(CannotLookError, match="finding nothing on the wire would say nothing"):
        _canary(tmp_path, deaf).on_the_wire()
