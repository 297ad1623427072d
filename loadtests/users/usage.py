"""Asks model servers how many tokens they sent; a server that refuses the question is asked without it from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loadtests.users.http_answer import RequestError
from loadtests.users.streams import OpenAIClock

_ASKED = {"stream_options": {"include_usage": True}}
_REFUSALS = ("status 400", "status 422")
_REFUSING: dict[str, bool] = {}  # by destination; one that is not in here has answered neither way


def chat_with_usage(post: Callable[..., object], destination: str, path: str, body: Mapping[str, object]) -> None:
    """Ask for a streamed chat completion.

    Args:
        post: path, body and ``stream`` -> the answer.
        destination: whose refusal is remembered, by this process. The request that finds it out takes as long as both.

    Raises:
        RequestError: no success.
    """
    refusing = _REFUSING.get(destination)
    if not refusing:
        try:
            post(path, {**body, **_ASKED}, stream=OpenAIClock())
        except RequestError as problem:
            if str(problem) not in _REFUSALS or refusing is not None:
                raise
            _REFUSING[destination] = True
        else:
            _REFUSING[destination] = False
            return
    try:
        post(path, body, stream=OpenAIClock())
    except RequestError as problem:
        if str(problem) in _REFUSALS and refusing is None:
            del _REFUSING[destination]  # it is something else that it refuses
        raise
