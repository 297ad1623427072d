"""A drill's traffic as a description names it, through a small application that keeps what it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from checks.application import Act, Application, DrillActs, DrillReading, LogIn, Request
from checks.model import CannotLookError
from fixtures.application.client import ApplicationClient
from fixtures.application.connections import HttpEndpoint
from fixtures.application.people import person_of
from fixtures.drills.ledger import payload
from fixtures.drills.reading import read_back
from fixtures.drills.traffic import ApplicationDrill, DrillTraffic
from suites.unit.application.clinic import NURSE, Answer, Asked, Clinic, clinic

pytestmark = pytest.mark.unit

_PAGE = 2
_LISTED = DrillReading(request=Request("GET", "/charts/{chart}/notes"), items="/notes", text="/body")
_OFFSET = DrillReading(
    request=Request("GET", "/charts/{chart}/notes?offset={offset}"), items="/notes", text="/body", paging="offset"
)
_LINKED = DrillReading(
    request=Request("GET", "/charts/{chart}/bundle"),
    items="/entry",
    text="/resource/body",
    paging="next",
    next="/link",
)
_EACH = DrillReading(request=Request("GET", "/notes/{key}"), text="/body")


@dataclass
class _Notes:
    """Keeps notes by key; answers lists whole, by offset, and as a bundle with links."""

    kept: list[tuple[str, str]] = field(default_factory=list)
    refuse: int = 0

    def __call__(self, asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        if not asked.headers.get("authorization"):
            return Answer(401)
        if asked.method == "POST":
            return self._post(url.path, json.loads(asked.body))
        notes = [{"body": text} for _, text in self.kept]
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/charts/c%2F7/notes":
            first = int(query.get("offset", 0))
            return Answer(json={"notes": notes[first : first + _PAGE] if "offset" in query else notes})
        if url.path == "/charts/c%2F7/bundle":
            return self._bundle(notes, int(query.get("page", 0)))
        if url.path == "/charts/c%2F7":
            return Answer(json={"id": "c/7"})
        found = [text for key, text in self.kept if url.path == f"/notes/{key}"]
        return Answer(json={"body": found[0]}) if found else Answer(404)

    def _post(self, path: str, said: Mapping[str, str]) -> Answer:
        if path == "/charts":
            return Answer(201, json={"id": "c/7", "of": said["mrn"]})
        if self.refuse:
            return Answer(self.refuse)
        if said["key"] not in dict(self.kept):
            self.kept.append((said["key"], said["body"]))
        return Answer(201)

    @staticmethod
    def _bundle(notes: list[dict[str, str]], page: int) -> Answer:
        entry = [{"resource": note} for note in notes[page * _PAGE :][:_PAGE]]
        link = [{"relation": "self", "url": "?"}]
        if len(notes) > (page + 1) * _PAGE:
            link.append({"relation": "next", "url": f"http://elsewhere.test/charts/c%2F7/bundle?page={page + 1}"})
        return Answer(json={"entry": entry, "link": link})


def _application(reading: DrillReading) -> Application:
    chart = Request("POST", "/charts", json={"mrn": "{mrn}"})
    write = Request("POST", "/charts/{chart}/notes", json={"key": "{key}", "body": "{payload}"})
    return Application(
        name="notes",
        log_in=LogIn("basic"),
        roles={"nurse": "nurse"},
        acts=(
            Act("open chart", chart, ("nurse",), yields={"chart": "/id"}, writes=True),
            Act("read chart", Request("GET", "/charts/{chart}"), ("nurse",)),
        ),
        drill=DrillActs("nurse", write, "read chart", reading, prepare=("open chart",), unwritten=(422,)),
    )


@contextmanager
def _drilled(reading: DrillReading, notes: _Notes) -> Iterator[tuple[DrillTraffic, Clinic]]:
    with clinic(notes) as served:
        endpoint = HttpEndpoint(served.base_url)
        client = ApplicationClient(_application(reading), endpoint)
        means = ApplicationDrill(client, endpoint, person_of(NURSE), lambda worker: f"127.0.0.{worker + 2}")
        traffic = DrillTraffic(means)
        traffic.prepare()
        yield traffic, served


def _write(traffic: DrillTraffic, count: int) -> list[str]:
    writer = traffic.writer(0)
    keys = [f"{traffic.run}-{number}" for number in range(count)]
    for number, key in enumerate(keys):
        assert writer.send(key, payload(key), deadline_s=2, fresh=number % 2 == 1) == "ok"
    writer.close()
    return keys


@pytest.mark.parametrize("reading", [_LISTED, _OFFSET, _LINKED, _EACH], ids=["list", "offset", "links", "each"])
@pytest.mark.parametrize("count", [0, 2, 5])
def test_everything_that_was_written_is_read_back(reading: DrillReading, count: int) -> None:
    """Whatever lies beside it, and however it is divided into pages."""
    with _drilled(reading, _Notes([("other", "of somebody else")])) as (traffic, _):
        keys = _write(traffic, count)
        found = read_back(traffic.means, traffic.values, [*keys, f"{traffic.run}-never"])
    assert found.complete
    assert list(found.payloads) == [payload(key) for key in keys]


def test_what_is_there_twice_is_read_twice() -> None:
    notes = _Notes()
    with _drilled(_OFFSET, notes) as (traffic, _):
        keys = _write(traffic, 3)
        notes.kept.append(notes.kept[0])
        assert sorted(read_back(traffic.means, traffic.values, keys).payloads).count(payload(keys[0])) == 2


def test_a_list_that_cannot_be_had_is_no_complete_read() -> None:
    elsewhere = DrillReading(request=Request("GET", "/notes/none"), items="/notes", text="/body")
    with _drilled(elsewhere, _Notes()) as (traffic, _):
        assert not read_back(traffic.means, traffic.values, []).complete


@pytest.mark.parametrize(("status", "outcome"), [(422, "fail"), (500, "info"), (403, "info"), (302, "info")])
def test_only_what_the_description_says_proves_that_nothing_was_written(status: int, outcome: str) -> None:
    notes = _Notes()
    with _drilled(_LISTED, notes) as (traffic, _):
        notes.refuse = status
        assert traffic.writer(0).send("k", "k x", deadline_s=2, fresh=True) == outcome


def test_a_service_that_is_gone_took_nothing() -> None:
    with _drilled(_LISTED, _Notes()) as (traffic, _):
        pass
    assert traffic.writer(0).send("k", "k x", deadline_s=1, fresh=True) == "fail"


def test_readers_are_served_while_the_named_act_is_done() -> None:
    with _drilled(_LISTED, _Notes()) as (traffic, served):
        assert traffic.reader(5)(2.0)
        assert served.asked[-1].source == "127.0.0.7"
    assert not traffic.reader(5)(1.0)


def test_a_preparation_that_is_refused_is_said() -> None:
    with clinic(lambda _: Answer(403)) as served:
        endpoint = HttpEndpoint(served.base_url)
        client = ApplicationClient(_application(_LISTED), endpoint)
        traffic = DrillTraffic(ApplicationDrill(client, endpoint, person_of(NURSE), lambda _: ""))
        with pytest.raises(CannotLookError, match="could not be prepared: open chart answers 403"):
            traffic.prepare()
