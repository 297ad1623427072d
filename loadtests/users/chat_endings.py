"""How a model server's answer ended: the causes under which one that is no whole answer is counted.

A server may answer 200 and break off later, so its status says nothing. Only the type of an error is kept: its message
may quote the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WHOLE = frozenset({"stop", "length", "tool_calls"})  # of OpenAI's finish_reason and Ollama's done_reason
INCOMPLETE, FILTERED = "incomplete answer", "content filter"
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def error_in(table: Mapping[str, object], *, named: bool = False) -> str | None:
    """The type of an error, when an answer or an event of it is one; empty when it has none, None when there is none.

    Shapes: ``{"error": {"type", "code"}}`` of OpenAI and vLLM, ``{"error": "message"}`` of Ollama, also with
    ``error_type`` (Text Generation Inference), ``{"object": "error", "type"}`` of older vLLM, ``{"type": "error",
    "code"}`` of OpenAI's own events.

    Args:
        named: whether the event is named an error.
    """
    error = table.get("error")
    names: tuple[object, ...]
    if error is not None:
        names = (error.get("type"), error.get("code")) if isinstance(error, Mapping) else (table.get("error_type"),)
    elif named or table.get("object") == "error":
        names = table.get("type"), table.get("code")
    elif table.get("type") == "error":
        names = (table.get("code"),)
    else:
        return None
    return next((str(n) for n in names if isinstance(n, str | int) and _PLAIN.fullmatch(str(n))), "")


def cause_of_error(kind: str) -> str:
    """The cause under which a stream with an error of this type is counted."""
    return f"error in the stream: {kind}" if kind else "error in the stream"


def cause_of_end(reason: object) -> str:
    """The cause, when an answer that ended for this reason is not whole; empty when it is. None is no reason at all."""
    if not reason:
        return INCOMPLETE
    if reason == "content_filter":
        return FILTERED
    if reason in WHOLE:
        return ""
    return f"finish reason {reason}" if isinstance(reason, str) and _PLAIN.fullmatch(reason) else INCOMPLETE
