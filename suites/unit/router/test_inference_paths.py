"""OpenAI's and Ollama's paths in front of real model servers: whole answers, streams, refusals, and what is audited."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request

from fixtures.lab.inference import start_model_servers
from fixtures.lab.laboratory import Laboratory
from fixtures.reference.router.inference.balancer import Balancer
from fixtures.reference.router.inference.inference import InferenceCaller, routes
from fixtures.reference.router.inference.queueing import BalancerLimits
from fixtures.services.inference import InferenceServer
from fixtures.services.model import NAME

pytestmark = pytest.mark.unit
_MARK = "Zebramark"
_CHAT = {"messages": [{"role": "user", "content": _MARK}], "max_tokens": 8}


@dataclass(frozen=True)
class _Somebody:
    username: str


@dataclass
class _State:
    """A router that lets in whoever sends a name, unless it is ``nobody``."""

    balancer: Balancer
    model_name: str = NAME
    trail: list[tuple[str, str, str]] = field(default_factory=list)

    async def admit(self, request: Request, permission: str, *, action: str, resource: str) -> InferenceCaller:
        username = request.headers.get("x-name", "nobody")
        if username == "nobody":
            await self.record(request, _Somebody(username), action=action, resource=resource, outcome="denied")
            raise HTTPException(403, permission)
        return _Somebody(username)

    async def record(
        self, request: Request, caller: InferenceCaller, *, action: str, resource: str, outcome: str
    ) -> None:
        assert request.method in ("GET", "POST")
        assert resource in (f"model:{NAME}", "models")
        self.trail.append((caller.username, action, outcome))


@pytest.fixture(scope="module")
def servers(laboratory: Laboratory) -> Iterator[list[InferenceServer]]:
    """Two real model servers."""
    with laboratory.bench() as bench:
        yield start_model_servers(bench, 2)


def _with_router(
    servers: list[InferenceServer], scenario: Callable[[httpx.AsyncClient, _State], Awaitable[None]]
) -> None:
    async def run() -> None:
        pair = servers[0].pair()
        ca = servers[0].host.directory.parent.parent / "ca" / "ca.crt"
        urls = [server.url for server in servers]
        limits = BalancerLimits(timeout_s=5, probe_s=0.1)
        balancer = Balancer(urls, ca=ca, certificate=pair.certificate, key=pair.key, limits=limits)
        await balancer.start()
        state = _State(balancer)
        app = FastAPI()
        app.include_router(routes(state))
        transport = httpx.ASGITransport(app)
        headers = {"x-name": "physician.a"}
        try:
            async with httpx.AsyncClient(transport=transport, base_url="https://router", headers=headers) as client:
                await scenario(client, state)
        finally:
            await balancer.close()

    asyncio.run(run())


def test_a_chat_is_answered_and_audited_without_its_text(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        answer = (await client.post("/v1/chat/completions", json=_CHAT)).json()
        assert answer["choices"][0]["message"]["role"] == "assistant"
        assert answer["usage"]["completion_tokens"] == 8
        assert state.trail == [("physician.a", "inference", "ok")]
        assert _MARK not in repr(state.trail)

    _with_router(servers, scenario)


def test_a_stream_ends_with_done(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        reply = await client.post("/v1/completions", json={"prompt": "a", "max_tokens": 5, "stream": True})
        events = [line for line in reply.text.splitlines() if line]
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert events[-1] == "data: [DONE]"
        assert sum(bool(json.loads(e[6:])["choices"][0]["text"]) for e in events[:-1]) == 5
        assert [server.in_flight for server in state.balancer.status().servers] == [0, 0]

    _with_router(servers, scenario)


def test_a_stream_counts_its_tokens_when_it_is_asked_to(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        for options, counted in (({}, []), ({"stream_options": {"include_usage": True, "more": 1}}, [8])):
            reply = await client.post("/v1/chat/completions", json=_CHAT | {"stream": True} | options)
            events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
            assert [event["usage"]["completion_tokens"] for event in events if not event["choices"]] == counted
        assert len(state.trail) == 2

    _with_router(servers, scenario)


def test_ollama_streams_json_lines(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        question = {"model": NAME, "prompt": "a", "options": {"num_predict": 5}}
        reply = await client.post("/api/generate", json=question)
        lines = [json.loads(line) for line in reply.text.splitlines()]
        assert [line["done"] for line in lines] == [False] * 5 + [True]
        assert (lines[-1]["eval_count"], lines[-1]["done_reason"]) == (5, "length")
        whole = (await client.post("/api/generate", json=question | {"stream": False})).json()
        assert (whole["done"], whole["eval_count"]) == (True, 5)
        assert len(state.trail) == 2

    _with_router(servers, scenario)


def test_the_model_is_listed_in_both_shapes(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        assert (await client.get("/v1/models")).json()["data"][0]["id"] == state.model_name
        assert (await client.get("/api/tags")).json()["models"][0]["name"] == state.model_name

    _with_router(servers, scenario)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/api/generate"])
def test_whoever_lacks_the_permission_gets_nothing(servers: list[InferenceServer], path: str) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        body = _CHAT | {"prompt": "a", "model": NAME}
        reply = await client.post(path, json=body, headers={"x-name": "nobody"})
        assert (reply.status_code, state.trail) == (403, [("nobody", "inference", "denied")])

    _with_router(servers, scenario)


def test_too_long_a_prompt_is_refused_without_being_quoted(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        reply = await client.post("/v1/completions", json={"prompt": _MARK * 1000, "max_tokens": 1})
        assert reply.status_code == 400
        assert _MARK not in reply.text
        assert state.trail == [("physician.a", "inference", "refused by the model server (400)")]

    _with_router(servers, scenario)


def test_an_unknown_model_is_refused(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        reply = await client.post("/v1/chat/completions", json=_CHAT | {"model": "another"})
        assert (reply.status_code, state.trail[0][2]) == (404, "unknown model")

    _with_router(servers, scenario)


def test_with_every_server_stopped_the_answer_is_503_with_a_time(servers: list[InferenceServer]) -> None:
    async def scenario(client: httpx.AsyncClient, state: _State) -> None:
        for server in servers:
            server.kill()
        replies = [await client.post("/v1/chat/completions", json=_CHAT) for _ in range(3)]
        assert replies[-1].status_code == 503
        assert int(replies[-1].headers["retry-after"]) > 0
        assert state.trail[-1] == ("physician.a", "inference", "refused: down")

    _with_router(servers, scenario)
