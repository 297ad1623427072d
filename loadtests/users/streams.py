"""When the tokens of a streamed answer arrived."""

from __future__ import annotations

import time
from itertools import pairwise

import orjson


class TokenClock:
    """Reads a stream line by line and notes when its tokens arrived, by ``time.monotonic``.

    ``finished`` tells whether the stream said that it was whole.
    """

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.finished = False
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        """Read the next piece of the stream, arrived now."""
        now = time.monotonic()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self.has_token(line):
                self.moments.append(now)

    def has_token(self, line: bytes) -> bool:
        """Whether a line carries a token; sets ``finished`` at the last."""
        raise NotImplementedError

    def first_s(self, since: float) -> float | None:
        """Time to the first token; None when none came."""
        return self.moments[0] - since if self.moments else None

    def per_token_s(self) -> float | None:
        """Mean time of the tokens after the first; None when there was no second."""
        return (self.moments[-1] - self.moments[0]) / (len(self.moments) - 1) if len(self.moments) > 1 else None

    def gaps_s(self) -> list[float]:
        """The times between the tokens: those that arrived in one piece have none between them."""
        return [after - before for before, after in pairwise(self.moments)]


class OpenAIClock(TokenClock):
    """Server-sent events of a chat completion (https://platform.openai.com/docs/api-reference/chat-streaming).

    A stream is whole when it says ``[DONE]``, or why the model finished: `transformers serve` ends after that.
    """

    def has_token(self, line: bytes) -> bool:
        """See `TokenClock.has_token`."""
        if not line.startswith(b"data:"):
            return False
        if line[5:].strip() == b"[DONE]":
            self.finished = True
            return False
        try:
            choices = orjson.loads(line[5:]).get("choices") or [{}]
            self.finished = self.finished or bool(choices[0].get("finish_reason"))
            return bool((choices[0].get("delta") or {}).get("content"))
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, IndexError):
            return False


class OllamaClock(TokenClock):
    """JSON lines of a chat (https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion)."""

    def has_token(self, line: bytes) -> bool:
        """See `TokenClock.has_token`."""
        if not line.strip():
            return False
        try:
            event = orjson.loads(line)
            self.finished = self.finished or event.get("done") is True
            return bool((event.get("message") or {}).get("content"))
        except (orjson.JSONDecodeError, AttributeError, TypeError):
            return False
