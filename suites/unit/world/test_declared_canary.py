"""A canary by a target file: every part of the deployment has its place and its link, and none is left out alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.catalogue import catalogue
from checks.evaluate import evaluate
from checks.model import CannotLookError, NotDeclaredError, Reason, Result, Status
from checks.policy import load_policy
from checks.targets import Canary, Sighting, Trace
from fixtures.canary.names import namer
from fixtures.canary.search import SearchPlace
from fixtures.deployment.deployment import Deployment
from fixtures.deployment.target_file import TargetError, TargetFile, read_target
from fixtures.stack.certificates import CertificateAuthority
from fixtures.targets.canary.declared import _places
from suites.unit.application.clinic import NURSE

pytestmark = pytest.mark.unit
CLOSED = "127.0.0.1:1"
LOGS: Mapping[str, object] = {"logs": ["/var/log"]}
CAPTURE: object = ["tcpdump", "-w", "{file}"]


def _deployment(directory: Path, environment: str = "test", **sections: object) -> Deployment:
    authority = CertificateAuthority(directory / "ca")
    api: object = {"base_url": f"https://{CLOSED}", "accounts": [NURSE.model_dump()]}
    described: dict[str, object] = {
        "name": "mine",
        "environment": environment,
        "trust": {"ca": authority.certificate},
        "api": api,
    }
    return Deployment(TargetFile.model_validate(described | sections))


def test_a_part_without_a_place_is_said(tmp_path: Path) -> None:
    """Whatever the target file declares keeps bytes somewhere."""
    cache: object = {"nodes": [CLOSED], "username": "u", "password": "p"}
    deployment = _deployment(tmp_path, canary={"places": {"wal": ["/data"]}}, cache=cache)
    with pytest.raises(NotDeclaredError, match="does not say where these lie: cache, logs"):
        deployment.find(Canary)


def test_a_server_without_a_link_is_said(tmp_path: Path) -> None:
    """A wire that passes it by would look clean."""
    wire: dict[str, object] = {"capture": CAPTURE, "beacon": "10.1.0.2", "names": {"10.1.0.2": "edge"}}
    inference: object = {"servers": ["https://10.1.0.9:8443"]}
    places: object = {**LOGS, "inference": ["/models"]}
    for links, complete in (([["edge", "me"]], False), ([["edge", "10.1.0.9"]], True)):
        section: object = {"places": places, "wire": {**wire, "links": links}}
        deployment = _deployment(tmp_path, canary=section, inference=inference)
        try:
            if complete:
                assert deployment.find(Canary)
                continue
            with pytest.raises(NotDeclaredError, match=r"links has none with 10.1.0.9, which \[inference\] declares"):
                deployment.find(Canary)
        finally:
            deployment.close()


def test_no_patient_is_written_to_a_production_system(tmp_path: Path) -> None:
    with pytest.raises(NotDeclaredError, match="this writes to it, and mine is a production system"):
        _deployment(tmp_path, "production", canary={"places": LOGS}).find(Canary)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('places = { logs = ["var/log"] }', "canary.places.logs.0"),
        ("places = { logs = [] }", "canary.places.logs"),
        ('places = { logs = ["/l"] }\nencrypted_below = { database = "on encrypted disks" }', "names database"),
        ('places = { logs = ["/l"] }\nencrypted_below = { logs = "" }', "canary.encrypted_below.logs"),
        (
            'places = { logs = ["/l"] }\nwire = { capture = ["tcpdump"], beacon = "10.1.0.2", links = [["a", "b"]] }',
            "canary.wire.capture: it must write to {file}",
        ),
        (
            'places = { logs = ["/l"] }\nwire = { capture = ["tcpdump", "{file}"], beacon = "10.1.0.2", links = [] }',
            "canary.wire.links",
        ),
    ],
)
def test_what_cannot_be_searched_so_is_refused_when_it_is_read(tmp_path: Path, section: str, words: str) -> None:
    """By one sentence with its place."""
    path = tmp_path / "target.toml"
    path.write_text(f'name = "mine"\n[canary]\n{section}\n')
    with pytest.raises(TargetError) as refused:
        read_target(path)
    assert words in str(refused.value)


def test_a_pattern_stands_for_what_is_there_and_else_for_itself(tmp_path: Path) -> None:
    """So that what matches nothing is missed."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).touch()
    section = TargetFile.model_validate(
        {"name": "mine", "canary": {"places": {"logs": [f"{tmp_path}/*.log"], "wal": [f"{tmp_path}/*.wal"]}}}
    ).canary
    assert section is not None
    assert _places(section) == [
        SearchPlace("logs", (tmp_path / "a.log", tmp_path / "b.log")),
        SearchPlace("wal", (tmp_path / "*.wal",)),
    ]


def test_addresses_are_named_by_the_narrowest_prefix() -> None:
    name = namer({"10.1.0.0/16": "clinic", "10.1.4.0/24": "harness", "10.1.4.9": "edge"})
    assert [name(address) for address in ("10.1.4.9", "10.1.4.8", "10.1.9.9", "10.9.9.9", "fe80::1", "x")] == [
        "edge",
        "harness",
        "clinic",
        "10.9.9.9",
        "the neighbourhood",
        "x",
    ]


# ------------------------------------------------------------------------------------------------------------ the rules


@dataclass(frozen=True)
class SearchedCanary:
    """A search that was made: implements `checks.targets.Canary`."""

    sightings: tuple[Sighting, ...]

    def at_rest(self) -> tuple[Sighting, ...]:
        """See `checks.targets.Canary.at_rest`."""
        return self.sightings

    def on_the_wire(self) -> tuple[Sighting, ...]:
        """See `checks.targets.Canary.on_the_wire`."""
        return self.sightings


def _judged(check: str, *sightings: Sighting, accepted: tuple[str, ...] = ()) -> Result:
    (rule,) = (rule for rule in catalogue() if rule.id == check)
    policy = load_policy("default").model_copy(update={"encrypted_below": accepted})
    return evaluate(rule, lambda _: SearchedCanary(sightings), policy, target="mine")


REST, WIRE = "data/phi_canary_absent_at_rest", "data/phi_canary_absent_on_the_wire"
CLEAN = Sighting("logs", 3, 100, ())
LEAK = Sighting("wal", 3, 100, (Trace("/wal at offset 7", "plain"),))
BELOW = Sighting("database", 9, 900, (), encrypted_below="on encrypted disks")


def test_what_is_encrypted_below_takes_the_policy_too() -> None:
    """The target file alone exempts nothing; the report says what was not searched."""
    refused = _judged(REST, CLEAN, BELOW)
    assert (refused.status, refused.reason) == (Status.UNKNOWN, Reason.NOT_DECLARED)
    assert "policy default does not accept that (encrypted_below)" in refused.explanation
    accepted = _judged(REST, CLEAN, BELOW, accepted=("database",))
    assert accepted.status is Status.PASS
    (left_out,) = (finding for finding in accepted.findings if finding.subject == "database at rest")
    assert left_out.message.startswith("9 files, 900 bytes were NOT searched: on encrypted disks")


def test_where_nothing_is_searched_nothing_is_known() -> None:
    assert _judged(REST, BELOW, accepted=("database",)).reason is Reason.EXAMINED_NOTHING
    empty = Sighting("database", 0, 0, (), encrypted_below="on encrypted disks")
    assert _judged(REST, CLEAN, empty, accepted=("database",)).status is Status.UNKNOWN


@pytest.mark.parametrize("unknown", [Sighting("a", 0, 0, ()), Sighting("a", 3, 9, (), problem="1 could not be read")])
@pytest.mark.parametrize("check", [REST, WIRE])
def test_a_patient_that_was_found_outranks_what_could_not_be_looked_at(check: str, unknown: Sighting) -> None:
    """Whichever comes first; without a find it is not known."""
    assert _judged(check, unknown, LEAK).status is Status.FAIL
    assert _judged(check, unknown, CLEAN).status is Status.UNKNOWN
    assert _judged(check, CLEAN, LEAK).status is Status.FAIL
    assert _judged(check, CLEAN).status is Status.PASS


def test_a_name_without_an_address_is_not_known(tmp_path: Path) -> None:
    """Of a declared server that should have a link."""
    wire: object = {"capture": CAPTURE, "beacon": "10.1.0.2", "links": [["edge", "me"]]}
    edge: object = {"https": "no-such-host.invalid:443", "server_name": "x"}
    with pytest.raises(CannotLookError, match=r"no-such-host.invalid has no address"):
        _deployment(tmp_path, canary={"places": LOGS, "wire": wire}, edge=edge).find(Canary)
