"""When the tokens of a streamed answer arrived, how many they were, and whether it is whole.

clock = OpenAIClock()
clock(piece)                        # as each arrives
clock.cause()                       # "" for a whole answer, else why it is none
clock.times(since=begun)            # what is recorded of it
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import orjson

from loadtests.recording.recorder import StreamTimes
from loadtests.users.chat_endings import WHOLE, cause_of_end, cause_of_error, error_in
from loadtests.users.event_stream import EventStream
from loadtests.users.http_answer import WRONG_BODY


class TokenClock:
    """Reads a stream piece by piece and notes when its chunks of tokens arrived, by ``time.monotonic``.

    What a model thinks before it answers is tokens, too; what is sent beside them (roles, usage, pings) is none.
    """

    def __init__(self) -> None:
        self.moments: list[float] = []
        self._first_output: float | None = None
        self._thought = self._malformed = self._over = False
        self._error: str | None = None
        self._reason = ""
        self._tokens = self._hidden = 0

    def __call__(self, data: bytes) -> None:
        """Read the next piece of the stream, arrived now."""
        now = time.monotonic()
        for name, event in self._events(data):
            if self._over:
                return
            try:
                self._read(name, event, now)
            except (AttributeError, KeyError, TypeError, ValueError):
                self._malformed = True

    def cause(self) -> str:
        """Why what came is no whole answer, as a cause under which failures are counted; empty when it is one."""
        if self._error is not None:
            return cause_of_error(self._error)
        if self._malformed or not (self.moments or self._reason):
            return WRONG_BODY
        return cause_of_end(self._reason) or ("" if self.moments else WRONG_BODY)

    def times(self, since: float) -> StreamTimes:
        """What is recorded of it; ``since`` is the intended start."""
        span_s = self.moments[-1] - self.moments[0] if len(self.moments) > 1 else None
        tokens = max(self._tokens - (0 if self._thought else self._hidden), 0)
        first, output = self.moments[0] if self.moments else None, self._first_output if self._thought else None
        return StreamTimes(
            first_token_s=None if first is None else first - since,
            first_output_token_s=None if output is None else output - since,
            per_token_s=None if span_s is None or tokens < 2 else span_s / (tokens - 1),
            per_chunk_s=None if span_s is None or tokens > 1 else span_s / (len(self.moments) - 1),
            tokens=tokens or len(self.moments),
            gaps_s=tuple(after - before for before, after in pairwise(self.moments)),
        )

    def _events(self, data: bytes) -> Iterable[tuple[bytes, bytes]]:
        """The events that a piece completes: name and data."""
        raise NotImplementedError

    def _read(self, name: bytes, event: bytes, now: float) -> None:
        """Take one event, arrived now; any other shape than that of the API may raise what such a mistake does."""
        raise NotImplementedError

    def _message(self, message: Mapping[str, Any], now: float) -> None:
        """Note the tokens of a delta or message; thoughts are where llama.cpp, vLLM or Ollama put them."""
        says = message.get("content") or message.get("tool_calls") or message.get("refusal")
        thinks = message.get("reasoning_content") or message.get("reasoning") or message.get("thinking")
        if says and self._first_output is None:
            self._first_output = now
        if thinks:
            self._thought = True
        if says or thinks:
            self.moments.append(now)

    def _fails(self, kind: str | None) -> None:
        """Note an error by its type; None is no error."""
        if kind is not None:
            self._error = self._error or kind

    def _ends(self, reason: object) -> None:
        """Note why the model stopped; a reason that spoils the answer stays."""
        if reason and (not self._reason or self._reason in WHOLE):
            self._reason = str(reason)


class OpenAIClock(TokenClock):
    """Server-sent events of a chat completion (https://platform.openai.com/docs/api-reference/chat-streaming).

    A stream is whole when it says why the model finished; ``[DONE]`` says only that nothing follows, and is left out by
    `transformers serve`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stream = EventStream()

    def _events(self, data: bytes) -> Iterable[tuple[bytes, bytes]]:
        return self._stream.read(data)

    def _read(self, name: bytes, event: bytes, now: float) -> None:
        if event.startswith(b"[DONE]"):
            self._over = True
            return
        if name == b"error":
            self._fails("")  # whatever it holds
        table = _table(event) if event else {}
        self._fails(error_in(table, named=name == b"error"))
        for choice in table.get("choices") or ():
            self._message(choice.get("delta") or {}, now)
            self._ends(choice.get("finish_reason"))
        if usage := table.get("usage"):
            self._tokens = int(usage.get("completion_tokens") or 0)
            self._hidden = int((usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0)


class OllamaClock(TokenClock):
    """JSON lines of a chat (https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion)."""

    def __init__(self) -> None:
        super().__init__()
        self._rest = b""

    def _events(self, data: bytes) -> Iterable[tuple[bytes, bytes]]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [(b"", line) for line in lines if line.strip()]

    def _read(self, name: bytes, event: bytes, now: float) -> None:
        del name
        table = _table(event)
        self._fails(error_in(table))
        self._message(table.get("message") or {}, now)
        if table.get("done") is True:
            self._ends(table.get("done_reason"))
            self._tokens = int(table.get("eval_count") or 0)


def _table(data: bytes) -> dict[str, Any]:
    """The JSON object that an event is; bytes that are no UTF-8 stand for the replacement character.

    Raises:
        TypeError: it is something else.
        ValueError: it is no JSON.
    """
    try:
        table = orjson.loads(data)
    except orjson.JSONDecodeError:
        table = orjson.loads(data.decode(errors="replace"))
    if not isinstance(table, dict):
        msg = "no JSON object"
        raise TypeError(msg)
    return table
