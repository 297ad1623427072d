"""When a stream of tokens is whole, on the words of real servers."""

from __future__ import annotations

import pytest

from loadtests.users.streams import OllamaClock, OpenAIClock, TokenClock

TOKEN = b'data: {"choices":[{"delta":{"content":"well"},"index":0}]}\n\n'
ROLE = b'data: {"choices":[{"delta":{"role":"assistant"},"index":0}]}\n\n'
FINISH = b'data: {"choices":[{"delta":{},"index":0,"finish_reason":"length"}],"usage":{"completion_tokens":2}}\n\n'
USAGE = b'data: {"choices":[],"usage":{"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"
ERROR = b'data: {"error": "out of memory"}\n\n'
CHAT = b'{"message":{"content":"well"},"done":false}\n'
END = b'{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":1}\n'


@pytest.mark.parametrize(
    ("clock", "stream", "chunks", "cause"),
    [
        pytest.param(OpenAIClock(), ROLE + TOKEN + TOKEN + FINISH + DONE, 2, "", id="llama.cpp"),
        pytest.param(OpenAIClock(), ROLE + TOKEN + TOKEN + FINISH + USAGE + DONE, 2, "", id="vllm"),
        pytest.param(
            OpenAIClock(), ROLE + TOKEN + TOKEN + FINISH, 2, "", id="transformers serve, which says no [DONE]"
        ),
        pytest.param(OpenAIClock(), ROLE + TOKEN + TOKEN, 2, "incomplete answer", id="cut off"),
        pytest.param(OpenAIClock(), ROLE + TOKEN + ERROR, 1, "error in the stream", id="failed in the middle"),
        pytest.param(OpenAIClock(), b"<html>busy</html>\ndata: [1]\ndata: {\n", 0, "wrong body", id="no stream"),
        pytest.param(OllamaClock(), CHAT + END, 1, "", id="ollama"),
        pytest.param(OllamaClock(), CHAT, 1, "incomplete answer", id="ollama, cut off"),
    ],
)
def test_a_stream_is_whole_when_its_server_says_so(clock: TokenClock, stream: bytes, chunks: int, cause: str) -> None:
    """However it is cut into pieces on its way."""
    for begin in range(0, len(stream), 7):
        clock(stream[begin : begin + 7])
    assert (len(clock.moments), clock.cause()) == (chunks, cause)
