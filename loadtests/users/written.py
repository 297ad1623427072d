"""What a user wrote, and whether it is there afterwards: once each, and nothing that was refused."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Container
from contextlib import AbstractContextManager

import gevent
import orjson

from checks.targets import Written
from loadtests.users.http_client import WRONG_BODY, HttpClient, RequestError, expect_success, table_of
from loadtests.users.http_connection import HttpAnswer

_PAGE = 100
_ATTEMPTS, _PAUSE_S = 5, 2.0  # a target that was overloaded may need a moment
_REFUSALS = ("status 429", "status 503")


class WrittenRecords:
    """The writes of one user, each with a mark of its own in its text."""

    def __init__(self) -> None:
        self._acknowledged: dict[str, str] = {}  # mark -> patient, as in the others
        self._refused: dict[str, str] = {}
        self._unknown: dict[str, str] = {}

    @property
    def wrote(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._acknowledged or self._refused or self._unknown)

    def write(self, post: Callable[..., HttpAnswer], patient: str, note: str) -> None:
        """Write one encounter and remember how it was answered.

        Args:
            post: path, body and ``headers`` -> the answer.

        Raises:
            RequestError: it was not acknowledged.
        """
        mark = uuid.uuid4().hex
        body = {"note": f"{note} [{mark}]", "kind": "visit"}
        try:
            answer = post(f"/patients/{patient}/encounters", body, headers={"Idempotency-Key": mark})
            if "id" not in table_of(answer):
                raise RequestError(WRONG_BODY)
        except RequestError as problem:
            (self._refused if str(problem) in _REFUSALS else self._unknown)[mark] = patient
            raise
        self._acknowledged[mark] = patient

    def read_back(self, client: HttpClient, turn: AbstractContextManager[object]) -> Written:
        """Count this user's marks in the records of every patient whom it wrote about.

        Args:
            turn: held while reading, so that only so many users read at once.
        """
        everything = self._acknowledged | self._refused | self._unknown
        found: Counter[str] = Counter()
        try:
            for patient in sorted(set(everything.values())):
                with turn:
                    found.update(_marks(client, patient, everything.keys()))
        except RequestError:
            return Written(len(self._acknowledged), 0, 0, 0, complete=False)
        return Written(
            acknowledged=len(self._acknowledged),
            lost=sum(not found[mark] for mark in self._acknowledged),
            duplicated=sum(count > 1 for count in found.values()),
            refused_yet_present=sum(found[mark] > 0 for mark in self._refused),
            complete=True,
        )


def _marks(client: HttpClient, patient: str, wanted: Container[str]) -> list[str]:
    marks: list[str] = []
    for offset in range(0, 1_000_000, _PAGE):
        rows = _page(client, f"/patients/{patient}/encounters?limit={_PAGE}&offset={offset}")
        marks += [mark for row in rows if (mark := _mark(row)) in wanted]
        if len(rows) < _PAGE:
            break
    return marks


def _page(client: HttpClient, path: str) -> list[object]:
    for attempt in range(_ATTEMPTS):
        try:
            answer = expect_success(client.request("GET", path))
        except RequestError:
            if attempt == _ATTEMPTS - 1:
                raise
            gevent.sleep(_PAUSE_S)
            continue
        rows = orjson.loads(answer.body).get("encounters")
        if isinstance(rows, list):
            return rows
    raise RequestError(WRONG_BODY)


def _mark(row: object) -> str:
    note = str(row.get("note", "")) if isinstance(row, dict) else ""
    return note[note.rfind("[") + 1 : -1] if note.endswith("]") else ""
