"""What a user wrote, and whether it is there afterwards: once each, and nothing that was refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import AbstractContextManager

import gevent

from checks.application import Request
from checks.application.answers import rows_in, values_in
from checks.application.load import PAGES
from checks.targets import Written
from loadtests.users.http_answer import HttpAnswer, RequestError, document_of, expect_success

_PAGE = 100
_ATTEMPTS, _PAUSE_S = 5, 2.0  # a target that was overloaded may need a moment
_REFUSALS = ("status 429", "status 503")
_KEY = re.compile(r"[0-9a-f]{32}")
Ask = Callable[[Request], HttpAnswer]
Values = Mapping[str, str]


class WrittenRecords:
    """The writes of one user, each with a key of its own in what it writes.

    Args:
        looked: the request that shows what is there: one for each write when it names ``{key}``, else one for each
            record that was written to; page by page when it names ``{limit}`` and ``{offset}``.
        values: JSON pointer to the texts that hold the keys.
    """

    def __init__(self, looked: Request, values: str) -> None:
        self._looked, self._pointer = looked, values
        self._acknowledged: dict[str, Values] = {}  # key -> what its request was filled with, as in the others
        self._refused: dict[str, Values] = {}
        self._unknown: dict[str, Values] = {}

    @property
    def wrote(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._acknowledged or self._refused or self._unknown)

    def write(self, act: Callable[[], None], key: str, values: Values) -> None:
        """Write once, and remember how it was answered.

        Args:
            values: what the request is filled with.

        Raises:
            RequestError: it was not acknowledged.
        """
        try:
            act()
        except RequestError as problem:
            (self._refused if str(problem) in _REFUSALS else self._unknown)[key] = values
            raise
        self._acknowledged[key] = values

    def read_back(self, ask: Ask, turn: AbstractContextManager[object]) -> Written:
        """Count this user's keys wherever it wrote.

        Args:
            turn: held while reading, so that only so many users read at once.
        """
        everything = self._acknowledged | self._refused | self._unknown
        found: Counter[str] = Counter()
        try:
            for values in self._places(everything):
                with turn:
                    found.update(self._keys(ask, values, everything.keys()))
        except RequestError:
            return Written(len(self._acknowledged), 0, 0, 0, complete=False)
        return Written(
            acknowledged=len(self._acknowledged),
            lost=sum(not found[key] for key in self._acknowledged),
            duplicated=sum(count > 1 for count in found.values()),
            refused_yet_present=sum(found[key] > 0 for key in self._refused),
            complete=True,
        )

    def _places(self, written: Mapping[str, Values]) -> list[Values]:
        """What the requests for all of it are filled with, each once."""
        needed = self._looked.placeholders - PAGES
        places = {tuple(sorted((name, values[name]) for name in needed)) for values in written.values()}
        return [dict(place) for place in sorted(places)]

    def _keys(self, ask: Ask, values: Values, wanted: Container[str]) -> Iterator[str]:
        paged = self._looked.placeholders & PAGES
        for offset in range(0, 1_000_000, _PAGE):
            asked = self._looked.filled({**values, "limit": str(_PAGE), "offset": str(offset)})
            document = _document(ask, asked)
            for text in values_in(document, self._pointer):
                yield from {key for key in _KEY.findall(text) if key in wanted}
            if not paged or rows_in(document, self._pointer) < _PAGE:
                break


def _document(ask: Ask, asked: Request) -> object:
    for _ in range(_ATTEMPTS - 1):
        try:
            return document_of(expect_success(ask(asked)))
        except RequestError:
            gevent.sleep(_PAUSE_S)
    return document_of(expect_success(ask(asked)))
