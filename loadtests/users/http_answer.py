"""What a request came to: an answer, or the cause under which its failure is counted."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

WRONG_BODY = "wrong body"


class RequestError(Exception):
    """A request failed; the message is the cause under which it is counted."""


@dataclass(frozen=True)
class HttpAnswer:
    """Status, the bytes up to the end of the headers or beyond, and the body (empty when it was streamed)."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, empty when there is none."""
        for line in self.head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.decode("latin-1").lower() == name.lower():
                return value.strip().decode("latin-1")
        return ""


def expect_success(answer: HttpAnswer) -> HttpAnswer:
    """The answer, when its status is 2xx.

    Raises:
        RequestError: it is another, which is the cause.
    """
    if not 200 <= answer.status < 300:
        msg = f"status {answer.status}"
        raise RequestError(msg)
    return answer


def table_of(answer: HttpAnswer) -> dict[str, object]:
    """The JSON object that an answer is.

    Raises:
        RequestError: it is something else.
    """
    try:
        table = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        table = None
    if not isinstance(table, dict):
        raise RequestError(WRONG_BODY)
    return table
