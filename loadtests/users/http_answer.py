"""What a request came to: an answer, or the cause under which its failure is counted."""

from __future__ import annotations

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
        head, _, rest = self.head.partition(b"\r\n\r\n")
        while head.partition(b" ")[2].startswith(b"1"):
            head, _, rest = rest.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n")[1:]:
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
