"""Chats whose answer comes whole: of an application that streams none (https://platform.openai.com/docs/api-reference/chat,
https://github.com/ollama/ollama/blob/main/docs/api.md#chat-request-no-streaming).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from checks.application.answers import values_in
from loadtests.users.http_answer import WRONG_BODY, HttpAnswer, RequestError, document_of


def whole_chat(
    post: Callable[..., HttpAnswer],
    dialect: Literal["openai", "ollama"],
    prefix: str,
    body: Mapping[str, object],
    tokens: int,
) -> None:
    """Ask one chat of so many tokens; ``post`` takes path and body.

    Raises:
        RequestError: it failed, or the answer has no text in it.
    """
    if dialect == "ollama":
        answer = post(f"{prefix}/api/chat", {**body, "options": {"num_predict": tokens}})
        text = values_in(document_of(answer), "/message/content")
    else:
        answer = post(f"{prefix}/v1/chat/completions", {**body, "max_tokens": tokens})
        text = values_in(document_of(answer), "/choices/0/message/content")
    if not any(text):
        raise RequestError(WRONG_BODY)
