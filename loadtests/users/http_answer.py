"""What a request came to: an answer, or the cause under which its failure is counted."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import orjson

WRONG_BODY = "wrong body"


class RequestError(Exception):
    """A request failed; the message is the cause under which it is counted."""


@dataclass(frozen=True)
class HttpAnswer:
    """Status, the bytes up to the end of the headers or beyond, with those of interim answers before them, and the body
    (empty when it was streamed).
    """

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, empty when there is none; interim answers (1xx) before it do not count."""
        return next(iter(self.headers(name)), "")

    def headers(self, name: str) -> tuple[str, ...]:
        """All headers of that name, in the order of the answer."""
        head, _, rest = self.head.partition(b"\r\n\r\n")
        while head.partition(b" ")[2].startswith(b"1"):
            head, _, rest = rest.partition(b"\r\n\r\n")
        pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
        return tuple(
            value.strip().decode("latin-1") for key, _, value in pairs if key.decode("latin-1").lower() == name.lower()
        )


def expect_success(answer: HttpAnswer, statuses: Container[int] = range(200, 300)) -> HttpAnswer:
    """The answer, when its status is one of these, by default 2xx.

    Raises:
        RequestError: it is another, which is the cause.
    """
    if answer.status not in statuses:
        msg = f"status {answer.status}"
        raise RequestError(msg)
    return answer


def document_of(answer: HttpAnswer) -> object:
    """The JSON that an answer is.

    Raises:
        RequestError: it is something else.
    """
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as problem:
        raise RequestError(WRONG_BODY) from problem
