"""A drill's traffic as a description names it, through a small application that keeps what it is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.application import Aggregates, DrillReading, Request
from checks.model import CannotLookError, NotDeclaredError
from fixtures.application.client import ApplicationClient
from fixtures.application.connections import HttpEndpoint
from fixtures.application.people import person_of
from fixtures.drills.ledger import payload
from fixtures.drills.reading import read_back
from fixtures.drills.subject import Reads
from fixtures.drills.traffic import ApplicationDrill, DrillTraffic
from suites.unit.application.clinic import NURSE, Answer, Asked, clinic
from suites.unit.drills.notes import EACH, LINKED, LISTED, OFFSET, Notes, application, drilled

pytestmark = pytest.mark.unit


def _write(traffic: DrillTraffic, count: int) -> list[str]:
    writer = traffic.writer(0)
    keys = [f"{traffic.run}-{number}" for number in range(count)]
    for number, key in enumerate(keys):
        assert writer.send(key, payload(key), deadline_s=2, fresh=number % 2 == 1) == "ok"
    writer.close()
    return keys


@pytest.mark.parametrize("reading", [LISTED, OFFSET, LINKED, EACH], ids=["list", "offset", "links", "each"])
@pytest.mark.parametrize("count", [0, 2, 5])
def test_everything_that_was_written_is_read_back(reading: DrillReading, count: int) -> None:
    """Whatever lies beside it, and however it is divided into pages."""
    with drilled(reading, Notes([("other", "of somebody else")])) as (traffic, _):
        keys = _write(traffic, count)
        found = read_back(traffic.means, traffic.values, [*keys, f"{traffic.run}-never"])
    assert found.complete
    assert list(found.payloads) == [payload(key) for key in keys]


def test_what_is_there_twice_is_read_twice() -> None:
    notes = Notes()
    with drilled(OFFSET, notes) as (traffic, _):
        keys = _write(traffic, 3)
        notes.kept.append(notes.kept[0])
        assert sorted(read_back(traffic.means, traffic.values, keys).payloads).count(payload(keys[0])) == 2


def test_a_list_that_cannot_be_had_is_no_complete_read() -> None:
    elsewhere = DrillReading(request=Request("GET", "/notes/none"), items="/notes", text="/body")
    with drilled(elsewhere, Notes()) as (traffic, _):
        assert not read_back(traffic.means, traffic.values, []).complete


@pytest.mark.parametrize(("status", "outcome"), [(422, "fail"), (500, "info"), (403, "info"), (302, "info")])
def test_only_what_the_description_says_proves_that_nothing_was_written(status: int, outcome: str) -> None:
    notes = Notes()
    with drilled(LISTED, notes) as (traffic, _):
        notes.refuse = status
        assert traffic.writer(0).send("k", "k x", deadline_s=2, fresh=True) == outcome


def test_a_service_that_is_gone_took_nothing() -> None:
    with drilled(LISTED, Notes()) as (traffic, _):
        pass
    assert traffic.writer(0).send("k", "k x", deadline_s=1, fresh=True) == "fail"


def test_readers_are_served_while_the_named_act_is_done() -> None:
    with drilled(LISTED, Notes()) as (traffic, served):
        assert traffic.reader(5)(2.0)
        assert served.asked[-1].source == "127.0.0.7"
    assert not traffic.reader(5)(1.0)


def test_an_aggregate_needs_who_asks_for_it() -> None:
    with drilled(LISTED, Notes()) as (traffic, _), pytest.raises(NotDeclaredError, match="nobody asks for aggregates"):
        traffic.reader(5, Reads.AGGREGATE)


def test_an_aggregate_is_asked_for_under_a_fresh_key() -> None:
    """Or an answer that was given once would be given again, whoever is there."""

    def counted(asked: Asked) -> Answer:
        keys.append(asked.headers.get("idempotency-key", ""))
        return Answer(json={"value": 1})

    keys: list[str] = []
    with clinic(counted) as served:
        endpoint = HttpEndpoint(served.base_url)
        count = Request("POST", "/count", json={}, headers={"Idempotency-Key": "{key}"})
        described = replace(application(LISTED), aggregates=Aggregates("nurse", count))
        client = ApplicationClient(described, endpoint)
        person = person_of(NURSE)
        traffic = DrillTraffic(ApplicationDrill(client, endpoint, person, lambda _: "", asker=person))
        reader = traffic.reader(5, Reads.AGGREGATE)
        assert [reader(2.0) for _ in range(3)] == [True] * 3
    assert len(set(keys) - {""}) == 3


def test_a_preparation_that_is_refused_is_said() -> None:
    with clinic(lambda _: Answer(403)) as served:
        endpoint = HttpEndpoint(served.base_url)
        client = ApplicationClient(application(LISTED), endpoint)
        traffic = DrillTraffic(ApplicationDrill(client, endpoint, person_of(NURSE), lambda _: ""))
        with pytest.raises(CannotLookError, match="could not be prepared: open chart answers 403"):
            traffic.prepare()
