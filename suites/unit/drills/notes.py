"""A small application that keeps notes, and a drill's way to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from checks.application import Act, Application, DrillActs, DrillReading, LogIn, Request
from fixtures.application.client import ApplicationClient
from fixtures.application.connections import HttpEndpoint
from fixtures.application.people import person_of
from fixtures.drills.traffic import ApplicationDrill, DrillTraffic
from suites.unit.application.clinic import NURSE, Answer, Asked, Clinic, clinic

_PAGE = 2
LISTED = DrillReading(request=Request("GET", "/charts/{chart}/notes"), items="/notes", text="/body")
OFFSET = DrillReading(
    request=Request("GET", "/charts/{chart}/notes?offset={offset}"), items="/notes", text="/body", paging="offset"
)
LINKED = DrillReading(
    request=Request("GET", "/charts/{chart}/bundle"),
    items="/entry",
    text="/resource/body",
    paging="next",
    next="/link",
)
EACH = DrillReading(request=Request("GET", "/notes/{key}"), text="/body")


@dataclass
class Notes:
    """Keeps notes by key; answers lists whole, by offset, and as a bundle with links.

    Writes are answered with ``refuse`` where it is a status; ``blind`` lets reads fail.
    """

    kept: list[tuple[str, str]] = field(default_factory=list)
    refuse: int = 0
    blind: bool = False

    def __call__(self, asked: Asked) -> Answer:
        """What it answers."""
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
            return Answer(503) if self.blind else Answer(json={"id": "c/7"})
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


def application(reading: DrillReading) -> Application:
    """Its description, with a way to read everything back."""
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
def drilled(reading: DrillReading, notes: Notes) -> Iterator[tuple[DrillTraffic, Clinic]]:
    """The traffic of a drill, ready to write, while the notes are served."""
    with clinic(notes) as served:
        endpoint = HttpEndpoint(served.base_url)
        client = ApplicationClient(application(reading), endpoint)
        means = ApplicationDrill(client, endpoint, person_of(NURSE), lambda worker: f"127.0.0.{worker + 2}")
        traffic = DrillTraffic(means)
        traffic.prepare()
        yield traffic, served
