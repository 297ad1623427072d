"""A model server's answer is whole when it says so, and its tokens are those that it sent; by a real load on it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from fixtures.application.connections import HttpEndpoint
from fixtures.targets.inference.target import ModelServers
from loadtests.users.http_answer import RequestError, expect_success
from loadtests.users.http_client import Endpoint, HttpClient
from loadtests.users.streams import TokenClock
from loadtests.users.usage import chat_with_usage
from suites.unit.public_faults.chat_server import (
    DONE,
    ChatServer,
    ScriptedAnswer,
    chat_server,
    chats,
    delta,
    event,
    kind_of,
    line,
    usage,
)

pytestmark = pytest.mark.unit

WORD, STOP = delta(content="well "), delta("stop")
MESSAGE = {"message": {"role": "assistant", "content": "well "}, "done": False}
END = {"message": {"role": "assistant", "content": ""}, "done": True}
OPENAI = {
    "": (
        (WORD, STOP, DONE),
        (WORD, delta("length"), usage(1), DONE),
        (WORD, STOP),
        (delta("stop", content="well"), DONE),
        (delta(tool_calls=[{"index": 0, "function": {"name": "dose"}}]), delta("tool_calls"), DONE),
        (delta(reasoning_content="hm"), delta("length"), DONE),
        (b": ping\r\r", WORD.replace(b"\n", b"\r"), STOP.replace(b"\n", b"\r\n"), DONE),
        (b"\xef\xbb\xbfevent: message\nid: 1\n", WORD, STOP, DONE),
        (b'data: {"choices": [{"delta":\ndata: {"content": "a\xff"}, "finish_reason": "stop"}]}\n\n',),
        (WORD, STOP, DONE, event({"error": "of nobody's"})),
    ),
    "error in the stream": ((event({"error": "Bewilderment of John Doe"}), DONE), (WORD, STOP, event({"error": {}}))),
    "error in the stream: server_error": (
        (event({"error": {"type": "server_error", "message": "x"}}), DONE),
        (WORD, event({"error": {"type": "server_error"}}), STOP, DONE),
        (WORD, b"event: error\n" + event({"type": "server_error", "message": "x"}), STOP, DONE),
        (WORD, event({"type": "error", "code": "server_error", "message": "x"}), STOP, DONE),
    ),
    "error in the stream: 502": ((WORD, event({"error": {"code": 502}, "choices": [{"finish_reason": "error"}]})),),
    "error in the stream: overloaded": ((event({"error": "x", "error_type": "overloaded"}), STOP, DONE),),
    "error in the stream: BadRequestError": ((event({"object": "error", "type": "BadRequestError"}), DONE),),
    "incomplete answer": ((WORD, WORD, DONE), (WORD, delta("", content="well")), (WORD, b"data: [DONE]\n")),
    "content filter": ((WORD, delta("content_filter"), DONE), (delta("content_filter"), DONE)),
    "finish reason abort": ((WORD, delta("abort"), DONE),),
    "wrong body": (
        (b'{"error": {"type": "server_error"}}',),
        (STOP, DONE),
        (DONE,),
        (WORD, b"data: {\n\n", STOP, DONE),
        (event([1]), WORD, STOP, DONE),
        (b"",),
    ),
}
OLLAMA = {
    "": (
        (line(MESSAGE), line(END | {"done_reason": "stop", "eval_count": 1})),
        (line(MESSAGE), line(END | {"done_reason": "length"})),
        (line({"message": {"content": "", "thinking": "hm"}}), line(END | {"done_reason": "length"})),
        (line({"message": {"content": "", "tool_calls": [{}]}}), line(END | {"done_reason": "stop"})),
    ),
    "error in the stream": ((line(MESSAGE), line({"error": "runner has died"})), (line({"error": "x"}),)),
    "incomplete answer": ((line(MESSAGE), line(END)), (line(MESSAGE),)),
    "finish reason load": ((line(END | {"done_reason": "load"}),),),
    "wrong body": ((b"<html>\n", line(MESSAGE), line(END | {"done_reason": "stop"})),),
}


@pytest.mark.parametrize(("dialect", "answers"), [("openai", OPENAI), ("ollama", OLLAMA)])
def test_only_a_whole_answer_is_a_success(
    dialect: str, answers: dict[str, tuple[tuple[bytes, ...], ...]], tmp_path: Path
) -> None:
    """13. Every cause is counted as often as the server gave one, without a message, which may quote a prompt."""
    turns = [(cause, pieces) for cause, given in answers.items() for pieces in given]
    sent: Counter[str] = Counter()

    def answer(number: int, _: dict[str, object]) -> ScriptedAnswer:
        cause, pieces = turns[number % len(turns)]
        sent[cause] += 1
        return ScriptedAnswer(tuple(filter(None, pieces)), close_delimited=number % 2 == 1)

    with chat_server(answer) as server:
        load = chats(server, tmp_path, dialect)
    whole, found = sent.pop(""), kind_of(load)
    assert dict(found.errors) == dict(sent)
    assert (found.good, found.total) == (whole, whole + sent.total())
    assert sent.keys() == answers.keys() - {""}
    assert "John Doe" not in json.dumps([dict(kind.errors) for kind in load.kinds])


COMPLETION: dict[str, object] = {"text": "well", "finish_reason": "length"}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"choices": [COMPLETION]}, ""),
        ({"choices": [COMPLETION | {"finish_reason": "stop"}], "error": None}, ""),
        ({"error": {"type": "server_error", "message": "x"}}, "completion: 200, with an error in it: server_error"),
        ({"choices": [COMPLETION], "error": "John Doe"}, "completion: 200, with an error in it"),
        ({"choices": [COMPLETION | {"finish_reason": None}]}, "completion: 200, incomplete answer"),
        ({"choices": [COMPLETION | {"finish_reason": "abort"}]}, "completion: 200, finish reason abort"),
        ({"choices": [COMPLETION | {"finish_reason": "content_filter"}]}, "completion: 200, content filter"),
        ({"choices": [COMPLETION | {"text": ""}]}, "completion: 200, and no text"),
        ([], "its completion is not understood: AttributeError"),
        ({"choices": []}, "its completion is not understood: IndexError"),
    ],
)
def test_a_model_server_serves_when_its_completion_is_whole(answer: object, problem: str) -> None:
    """13. Whatever its status."""
    with chat_server(lambda *_: ScriptedAnswer((json.dumps(answer).encode(),))) as server:
        [seen] = ModelServers([HttpEndpoint(server.url)]).servers()
    assert (seen.healthy, seen.generated) == (True, not problem)
    assert seen.problem.startswith(problem)


def test_what_a_model_thinks_is_tokens(tmp_path: Path) -> None:
    """14. The first token is a thought, the first output token is the answer's; thinking only is no wrong body."""
    thinks = (delta(reasoning_content="hm "), delta(reasoning="hm "), delta(reasoning="hm ", content=None))
    thoughts = (delta(role="assistant", content="", reasoning_content=None), *thinks)
    whole, unspoken = (*thoughts, WORD, STOP, usage(4), DONE), (*thoughts, delta("length"), usage(3), DONE)
    with chat_server(lambda number, _: ScriptedAnswer(unspoken if number % 2 else whole, pause_s=0.02)) as server:
        load = chats(server, tmp_path)
    found, first, output = (kind_of(load, part) for part in ("", "first_token", "first_output_token"))
    assert dict(found.errors) == {}
    assert (first.total, output.total) == (found.total, (found.total + 1) // 2)
    assert 40 <= first.percentile(0) < 80 <= output.percentile(0) + 20
    assert output.percentile(0) >= 100
    assert load.tokens == 4 * output.total + 3 * (found.total - output.total)


def test_what_ollama_thinks_is_tokens(tmp_path: Path) -> None:
    """14. Likewise; its last line tells how many they were."""
    thought, end = line({"message": {"content": "", "thinking": "hm"}}), line(END | {"done_reason": "stop"} | COUNT)
    with chat_server(lambda *_: ScriptedAnswer((thought, thought, line(MESSAGE), end), pause_s=0.02)) as server:
        load = chats(server, tmp_path, "ollama")
    found, first, output = (kind_of(load, part) for part in ("", "first_token", "first_output_token"))
    assert (dict(found.errors), first.total, output.total) == ({}, found.total, found.total)
    assert 20 <= first.percentile(0) < 50
    assert output.percentile(0) >= 60
    assert load.tokens == 9 * found.total


COUNT = {"eval_count": 9}
FOUR = delta(content="four words at once ")


@pytest.mark.parametrize(
    ("last", "ms"),
    [(usage(16), (8, 12)), (usage(116, reasoning_tokens=100), (8, 12))],
    ids=["usage", "hidden thoughts"],
)
def test_tokens_are_those_that_the_server_counts(last: bytes, ms: tuple[float, float], tmp_path: Path) -> None:
    """15. Four chunks of four tokens, 40.9 ms apart: 8 ms a token; what was thought unseen came before the first."""
    with chat_server(lambda *_: ScriptedAnswer((*[FOUR] * 4, STOP, last, DONE), pause_s=0.0409)) as server:
        load = chats(server, tmp_path)
    assert all(body["stream_options"] == {"include_usage": True} for body in server.asked)
    found, per_token = kind_of(load), kind_of(load, "per_token")
    assert (per_token.total, kind_of(load, "per_chunk").total, load.tokens) == (found.total, 0, 16 * found.total)
    assert ms[0] < per_token.percentile(0.5) < ms[1]
    assert kind_of(load, "gap").percentile(0.5) > 40


def test_without_usage_the_figure_is_called_per_chunk(tmp_path: Path) -> None:
    """15. A server that refuses the question is asked without it from then on; its chunks are told as chunks."""

    def answer(_: int, body: dict[str, object]) -> ScriptedAnswer:
        if "stream_options" in body:
            return ScriptedAnswer((b"unknown field",), status=400)
        return ScriptedAnswer((*[FOUR] * 4, STOP, DONE), pause_s=0.0409)

    with chat_server(answer) as server:
        load = chats(server, tmp_path)
    found, per_chunk = kind_of(load), kind_of(load, "per_chunk")
    assert (dict(found.errors), kind_of(load, "per_token").total) == ({}, 0)
    assert (per_chunk.total, load.tokens) == (found.total, 4 * found.total)
    assert per_chunk.percentile(0.5) > 40
    refused = sum("stream_options" in body for body in server.asked)
    assert len(server.asked) == found.total + refused
    assert 1 <= refused <= 8 < found.total, "the refusal is remembered"


@pytest.mark.parametrize(
    ("statuses", "asked"),
    [
        ({True: 200}, [True, True, True]),
        ({True: 422, False: 200}, [True, False, False, False]),
        ({True: 400, False: 400}, [True, False, True, False, True, False]),
        ({True: 503, False: 200}, [True, True, True]),
    ],
    ids=["takes it", "refuses it", "refuses all", "is busy"],
)
def test_a_server_is_asked_for_usage_until_it_refuses_that(statuses: dict[bool, int], asked: list[bool]) -> None:
    """15. And nothing but that: with every other refusal the request has failed."""

    def answer(_: int, body: dict[str, object]) -> ScriptedAnswer:
        return ScriptedAnswer((WORD, STOP, DONE), status=statuses["stream_options" in body])

    with chat_server(answer) as server:
        failed = [_chat(server) for _ in range(3)]
    assert ["stream_options" in body for body in server.asked] == asked
    assert failed == [statuses[asked[-1]] != 200] * 3


def test_a_server_that_has_answered_with_usage_refuses_something_else() -> None:
    """15. It is not asked twice."""
    with chat_server(lambda number, _: ScriptedAnswer((WORD, STOP, DONE), status=400 if number else 200)) as server:
        assert [_chat(server) for _ in range(3)] == [False, True, True]
    assert len(server.asked) == 3


def _chat(server: ChatServer) -> bool:
    """Whether a chat failed."""
    client = HttpClient(Endpoint("127.0.0.1", server.server_port, "", None), source="", timeout_s=5)

    def post(path: str, body: object, *, stream: TokenClock) -> None:
        expect_success(client.request("POST", path, body=json.dumps(body).encode(), on_data=stream))

    try:
        chat_with_usage(post, client.address, "/v1/chat/completions", {"stream": True})
    except RequestError:
        return True
    finally:
        client.close()
    return False
